package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** Whatever the APIs have, the client has. */
class EveryMethodTest {
  private final RecordingChannel channel = new RecordingChannel();
  private final Calls calls = new Calls(channel, Optional.empty(), false);
  private final Resumption resumption =
      new Resumption(Duration.ZERO, _ -> {}, new Closing(), Schedulers.immediate());

  @Test
  void callsEachOfThem() throws Exception {
    for (Object client :
        List.of(
            new Sandboxes(calls, resumption),
            new Containers(calls, resumption),
            new Events(calls, resumption),
            new Audit(calls))) {
      for (Method method : client.getClass().getDeclaredMethods()) {
        if (Modifier.isPublic(method.getModifiers())) {
          begin(method.invoke(client, arguments(method)));
        }
      }
    }
    assertThat(channel.methods.stream().distinct())
        .containsExactlyInAnyOrderElementsOf(
            Api.methods().stream().map(MethodDescriptor::getFullMethodName).toList());
  }

  private static Object[] arguments(Method method) {
    return Stream.of(method.getParameterTypes()).map(EveryMethodTest::argument).toArray();
  }

  private static Object argument(Class<?> type) {
    if (Message.class.isAssignableFrom(type)) {
      return instance(type);
    }
    return switch (type.getSimpleName()) {
      case "String" -> "x";
      case "int" -> 1;
      case "Collection" -> List.of("x");
      case "Publisher" -> Flux.empty();
      default -> throw new AssertionError("what is a " + type + "?");
    };
  }

  private static Object instance(Class<?> type) {
    try {
      return type.getMethod("getDefaultInstance").invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(type.getName(), e);
    }
  }

  private static void begin(Object made) {
    Publisher<?> call =
        switch (made) {
          case Session<?> session -> session.output();
          case Connection connection -> connection.data();
          case Publisher<?> publisher -> publisher;
          default -> throw new AssertionError("what is a " + made + "?");
        };
    var _ = Flux.from(call).subscribe();
  }
}
