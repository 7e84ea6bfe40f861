package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchEventsResponse;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Events, while the executor goes away in between. */
@Timeout(60)
class EventsCommandTest {
  @TempDir private Path data;
  private final Journal journal = new Journal();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private GrpcServer server;

  /** Three events; the first call of a watch ends after two of them. */
  private static final class Journal extends EventsGrpc.EventsImplBase {
    private final List<String> cursors = new CopyOnWriteArrayList<>();

    @Override
    public void watchEvents(
        WatchEventsRequest request, StreamObserver<WatchEventsResponse> answers) {
      cursors.add(request.getCursor());
      boolean first = cursors.size() == 1;
      for (int seq = first ? 1 : 3; seq <= (first ? 2 : 3); seq++) {
        WatchEventsResponse.Builder answer = WatchEventsResponse.newBuilder().setCursor("1." + seq);
        answer.getEventBuilder().setSeq(seq);
        answers.onNext(answer.build());
      }
      if (first) {
        answers.onError(
            RpcErrors.of(
                Status.Code.UNAVAILABLE,
                "caisson.dev",
                "EXECUTOR_UNAVAILABLE",
                "The executor does not answer",
                Map.of()));
      } else {
        answers.onCompleted();
      }
    }
  }

  @BeforeEach
  void serve() throws Exception {
    Path sockets = Files.createDirectories(data.resolve("run/gateway"));
    server = GrpcServer.unix(sockets.resolve("gateway.sock")).services(List.of(journal)).start();
  }

  @AfterEach
  void close() {
    server.close();
  }

  private int events(String... options) {
    CommandLine line = Cli.commandLine("events");
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    List<String> words = new java.util.ArrayList<>(List.of("events", "--data", data.toString()));
    words.addAll(List.of(options));
    return line.execute(words.toArray(String[]::new));
  }

  @Test
  void goesOnWhereItWasCutOffAndSaysSo() {
    assertThat(events("--follow", "--output", "json")).isZero();
    assertThat(out.toString().lines())
        .extracting(line -> line.replaceAll(".*\"cursor\":\"([^\"]*)\".*", "$1"))
        .containsExactly("1.1", "1.2", "1.3");
    assertThat(journal.cursors).containsExactly("begin", "1.2");
    assertThat(err).hasToString("caisson: The executor does not answer; trying again\n");
  }

  @Test
  void endsWhereItWasCutOffWithoutFollowing() {
    assertThat(events()).isEqualTo(Exit.CAISSON_FAILED);
    assertThat(out.toString().lines()).hasSize(2);
    assertThat(err.toString()).contains("The executor does not answer (EXECUTOR_UNAVAILABLE)");
  }
}
