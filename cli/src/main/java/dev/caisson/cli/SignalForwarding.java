package dev.caisson.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * Signals that come to the client go to the process. One that ignores them (the first process of a
 * PID namespace ignores what it has no handler for) is killed at the third request to end.
 *
 * <p>Only sun.misc.Signal, of the supported module jdk.unsupported, tells which signal came. It is
 * reached by reflection, since javac warns of its every mention and cannot be told not to.
 */
final class SignalForwarding {
  private static final List<String> FORWARDED = List.of("HUP", "INT", "TERM");
  private static final int PATIENCE = 3;

  private SignalForwarding() {}

  static void to(IntConsumer process) {
    AtomicInteger requests = new AtomicInteger();
    for (String name : FORWARDED) {
      int number = Signals.parse(name);
      handle(
          name,
          () -> process.accept(requests.incrementAndGet() < PATIENCE ? number : Signals.KILL));
    }
  }

  /** The terminal has another size. */
  static void onWindowChange(Runnable action) {
    handle("WINCH", action);
  }

  static void handle(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object ours =
          Proxy.newProxyInstance(
              handler.getClassLoader(), new Class<?>[] {handler}, calling(action));
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), ours);
    } catch (ReflectiveOperationException absent) {
      throw new CliException(
          "This Java runtime cannot pass signals on: it lacks " + absent.getMessage());
    }
  }

  private static InvocationHandler calling(Runnable action) {
    return (proxy, method, arguments) -> {
      if (method.getName().equals("handle")) {
        action.run();
        return null;
      }
      return method.invoke(action, arguments);
    };
  }
}
