package dev.caisson.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.model.LogLine;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class RequestNamingTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PARENT = "00-" + TRACE + "-b7ad6b7169203331-01";

  @TempDir Path directory;
  private Path socket;
  private ManagedChannel channel;
  private final BlockingQueue<ServedRequest> served = new ArrayBlockingQueue<>(8);
  private final AtomicReference<Metadata> headers = new AtomicReference<>();
  private final AtomicReference<Metadata> trailers = new AtomicReference<>();

  @BeforeEach
  void openChannel() {
    socket = directory.resolve("test.sock");
    channel = Channels.unix(socket);
  }

  @AfterEach
  void closeChannel() throws InterruptedException {
    channel.shutdownNow();
    assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
  }

  private GrpcServer server() throws IOException {
    return server(
        Echo.unary((request, responses) -> {
          served.add(ServedRequest.current().orElseThrow());
          responses.onNext(request);
          responses.onCompleted();
        }));
  }

  private GrpcServer server(Echo echo) throws IOException {
    return GrpcServer.unix(socket).services(List.of(echo)).start();
  }

  private Channel calling(String... namesAndValues) {
    Metadata given = new Metadata();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      given.put(
          Metadata.Key.of(namesAndValues[i], Metadata.ASCII_STRING_MARSHALLER),
          namesAndValues[i + 1]);
    }
    return ClientInterceptors.intercept(
        channel,
        MetadataUtils.newAttachHeadersInterceptor(given),
        MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "my.request_1-2",
        "0123456789012345678901234567890123456789012345678901234567890123"
      })
  void goesByTheCallersNameAndTellsIt(String name) throws Exception {
    try (GrpcServer server = server()) {
      assertThat(server.port()).isEqualTo(-1);
      Echo.callOne(calling("x-request-id", name));
    }
    assertThat(served.take()).isEqualTo(new ServedRequest(name, ""));
    assertThat(headers.get().getAll(ServedRequest.ID)).containsExactly(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a b",
        "\"}",
        "01234567890123456789012345678901234567890123456789012345678901234"
      })
  void makesANameWhereTheCallersIsNone(String given) throws Exception {
    try (GrpcServer server = server()) {
      assertThat(server.port()).isEqualTo(-1);
      Echo.callOne(calling("x-request-id", given));
      Echo.callOne(calling());
    }
    String first = served.take().id();
    String second = served.take().id();
    assertThat(first).isNotEqualTo(given).matches("[0-9a-f-]{36}").isNotEqualTo(second);
    assertThat(UUID.fromString(first).version()).isEqualTo(4);
    assertThat(UUID.fromString(first).variant()).isEqualTo(2);
    assertThat(headers.get().getAll(ServedRequest.ID)).containsExactly(second);
  }

  @Test
  void tellsTheNameOfACallThatFailsOnceInItsTrailers() throws Exception {
    Echo echo =
        Echo.unary((request, responses) -> {
          throw new IllegalStateException("defect");
        });
    try (GrpcServer server = server(echo)) {
      assertThat(server.port()).isEqualTo(-1);
      assertThatThrownBy(() -> Echo.callOne(calling("x-request-id", "mine")))
          .isInstanceOf(StatusRuntimeException.class);
    }
    assertThat(trailers.get().getAll(ServedRequest.ID)).containsExactly("mine");
  }

  @ParameterizedTest
  @CsvSource({
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01,0af7651916cd43dd8448eb211c80319c",
    "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more,0af7651916cd43dd8448eb211c80319c",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01,''",
    "evil,''"
  })
  void knowsTheTrace(String parent, String trace) throws Exception {
    try (GrpcServer server = server()) {
      assertThat(server.port()).isEqualTo(-1);
      Echo.callOne(calling("traceparent", parent));
    }
    assertThat(served.take().traceId()).isEqualTo(trace);
  }

  @Test
  void passesTheNameAndTheTraceOn() throws Exception {
    Channel onward = ClientInterceptors.intercept(calling(), new RequestForwarding());
    try (GrpcServer server = server()) {
      assertThat(server.port()).isEqualTo(-1);
      Context.ROOT
          .withValue(ServedRequest.KEY, new ServedRequest("mine", PARENT))
          .run(() -> Echo.callOne(onward));
    }
    assertThat(served.take()).isEqualTo(new ServedRequest("mine", PARENT));
  }

  @Test
  void isInWhatIsLoggedOfADefectThatAnotherThreadTells() throws Exception {
    CompletableFuture<String> logged = new CompletableFuture<>();
    Handler handler = new LogLines(logged);
    Logger log = Logger.getLogger(ErrorInterceptor.class.getName());
    log.addHandler(handler);
    Echo echo =
        Echo.unary((request, responses) ->
            Thread.ofPlatform().start(() -> responses.onError(new IllegalStateException())));
    try (GrpcServer server = server(echo)) {
      assertThat(server.port()).isEqualTo(-1);
      assertThatThrownBy(() -> Echo.callOne(calling("x-request-id", "mine", "traceparent", PARENT)))
          .isInstanceOf(StatusRuntimeException.class);
    } finally {
      log.removeHandler(handler);
    }
    assertThat(logged.join()).contains("\"request_id\":\"mine\",\"trace_id\":\"" + TRACE + "\"");
  }

  @Test
  void isInNothingThatIsLoggedOutsideOfACall() {
    assertThat(new LogLine(Instant.EPOCH, "INFO", "l", "t", "m").toString())
        .isEqualTo(
            "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"level\":\"INFO\",\"logger\":\"l\","
                + "\"thread\":\"t\",\"message\":\"m\"}\n");
  }

  /** Makes a line of the first record, as the services do. */
  private static final class LogLines extends Handler {
    private final CompletableFuture<String> line;

    LogLines(CompletableFuture<String> line) {
      this.line = line;
    }

    @Override
    public void publish(LogRecord record) {
      line.complete(
          new LogLine(record.getInstant(), "ERROR", "l", "t", record.getMessage()).toString());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
