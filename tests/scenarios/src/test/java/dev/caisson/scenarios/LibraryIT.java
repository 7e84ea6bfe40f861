package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.client.Containers;
import dev.caisson.client.Events;
import dev.caisson.client.Inputs;
import dev.caisson.client.Session;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.Output;
import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchSandboxesRequest;
import dev.caisson.proto.v1.WatchSandboxesResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** The client library's streams before the services themselves. */
class LibraryIT extends OnServices {
  private static final String PARENT = "tenants/default";

  private static Containers containers() {
    return client.library().containers();
  }

  private static String text(Flux<Output> output) {
    return output
        .map(Output::getData)
        .reduce(ByteString.EMPTY, ByteString::concat)
        .map(ByteString::toStringUtf8)
        .block();
  }

  @Test
  void anExecHasItsInputAndItsEnd() {
    String id = newId();
    client.started(id, script("sleep 100"));
    String input = "line\n".repeat(100_000);

    var session =
        containers()
            .exec(Client.execOf(id, "sh", "-c", "cat; exit 3").build(), Inputs.stdin(input));

    assertThat(text(session.output())).isEqualTo(input);
    assertThat(session.exit().block().getCode()).isEqualTo(3);
    assertThat(session.started().block().getId()).isNotEmpty();
    forced(id);
  }

  @Test
  void aRunLeavesNothingAndIsRecordedInOrder() {
    String id = newId();
    CreateContainerRequest create =
        CreateContainerRequest.newBuilder()
            .setParent(PARENT)
            .setContainerId(id)
            .setContainer(script("echo hello; exit 4").container())
            .build();

    Session<Container> session = containers().run(create, Inputs.stdin(""));

    assertThat(text(session.output())).isEqualTo("hello\n");
    assertThat(session.exit().block().getCode()).isEqualTo(4);
    assertThat(containers().list(PARENT + "/sandboxes/-").collectList().block()).isEmpty();
    WatchEventsRequest ofIt =
        WatchEventsRequest.newBuilder()
            .setParent(PARENT)
            .setResource(Client.name(id))
            .setCursor(Events.BEGIN)
            .setNoFollow(true)
            .build();
    List<PayloadCase> events =
        client
            .library()
            .events()
            .watch(ofIt)
            .map(answer -> answer.getEvent().getPayloadCase())
            .distinct()
            .collectList()
            .block();
    assertThat(events)
        .containsSubsequence(
            PayloadCase.CONTAINER_CREATED,
            PayloadCase.CONTAINER_STARTED,
            PayloadCase.CONTAINER_EXITED,
            PayloadCase.CONTAINER_DELETED);
  }

  @Test
  void aWatchOfSandboxesTellsOfOneThatIsMadeMeanwhile() {
    String id = newId();

    WatchSandboxesResponse made =
        client
            .library()
            .sandboxes()
            .watch(WatchSandboxesRequest.newBuilder().setParent(PARENT).build())
            .doOnNext(change -> {
              if (change.hasSynced()) {
                client.started(id, script("sleep 100"));
              }
            })
            .filter(WatchSandboxesResponse::hasPresent)
            .blockFirst();

    assertThat(made.getPresent().getSandbox().getName()).endsWith("/" + id);
    forced(id);
  }
}
