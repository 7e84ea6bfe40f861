package dev.caisson.cli;

import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "ready",
    hidden = true,
    description =
        "Waits until every service answers that it is healthy; says so of each as it happens.")
final class ReadyCommand implements Callable<Integer> {
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final Duration ONE_TRY = Duration.ofSeconds(2);

  @Spec private CommandSpec verb = CommandSpec.create();

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "At most so long.")
  private int seconds = 30;

  @Parameters(arity = "1..*", paramLabel = "NAME=SOCKET|NAME=PORT", description = "The services.")
  private List<String> services = new ArrayList<>();

  @Override
  public Integer call() throws InterruptedException {
    long start = System.nanoTime();
    List<Service> waiting = new ArrayList<>(services.stream().map(Service::parse).toList());
    while (!waiting.isEmpty() && elapsed(start) < TimeUnit.SECONDS.toNanos(seconds)) {
      waiting.removeIf(service -> service.ready() && announced(service, elapsed(start)));
      if (!waiting.isEmpty()) {
        Thread.sleep(PAUSE);
      }
    }
    waiting.forEach(service -> out().println(service.name() + " is not ready: " + service.why()));
    return waiting.isEmpty() ? Exit.OK : Exit.NOT_SO;
  }

  private boolean announced(Service service, long nanos) {
    out().printf(Locale.ROOT, "%-9s ready after %.1f s%n", service.name(), nanos / 1e9);
    out().flush();
    return true;
  }

  private PrintWriter out() {
    return verb.commandLine().getOut();
  }

  private static long elapsed(long start) {
    return System.nanoTime() - start;
  }

  /** What can be asked whether it is ready. */
  sealed interface Service {
    String name();

    /** Empty: it is. */
    Optional<String> problem();

    default boolean ready() {
      return problem().isEmpty();
    }

    default String why() {
      return problem().orElse("it is now");
    }

    static Service parse(String text) {
      int equals = text.indexOf('=');
      if (equals <= 0) {
        throw CliException.usage("A service must be NAME=SOCKET or NAME=PORT: " + text);
      }
      String where = text.substring(equals + 1);
      return where.matches("[0-9]{1,5}")
          ? new Port(text.substring(0, equals), Integer.parseInt(where))
          : Rpc.of(text.substring(0, equals), Path.of(where));
    }
  }

  /** Something that listens on loopback. */
  record Port(String name, int port) implements Service {
    @Override
    public Optional<String> problem() {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return socket.isConnected() ? Optional.empty() : Optional.of("nothing listens on " + port);
      } catch (IOException refused) {
        return Optional.of("nothing listens on port " + port);
      }
    }
  }

  /** A gRPC service that reports its health. */
  record Rpc(String name, Path socket, HealthGrpc.HealthBlockingStub health) implements Service {
    static Rpc of(String name, Path socket) {
      ManagedChannel channel = Channels.unix(socket);
      return new Rpc(name, socket, HealthGrpc.newBlockingStub(channel));
    }

    @Override
    public Optional<String> problem() {
      return Files.exists(socket) ? answer() : Optional.of("there is no " + socket);
    }

    private Optional<String> answer() {
      try {
        ServingStatus status =
            health
                .withDeadlineAfter(ONE_TRY)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus();
        return status == ServingStatus.SERVING
            ? Optional.empty()
            : Optional.of("it says " + status);
      } catch (StatusRuntimeException failure) {
        return Optional.of(failure.getStatus().getCode() + " from " + socket);
      }
    }
  }
}
