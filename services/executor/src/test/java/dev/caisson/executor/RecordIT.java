package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Seccomp;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nothing privileged happens unrecorded. */
class RecordIT {
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private List<Event> record() throws Exception {
    return Recorded.of(node);
  }

  private List<Event> recordWith(PayloadCase last) throws Exception {
    List<Event> events = record();
    while (events.stream()
        .noneMatch(e -> e.getPayloadCase() == last && e.getPhase() != Phase.INTENT)) {
      events = record();
    }
    return events;
  }

  private static List<PayloadCase> kinds(List<Event> events, Phase phase) {
    return events.stream().filter(e -> e.getPhase() == phase).map(Event::getPayloadCase).toList();
  }

  /** Without those that are part of another. */
  private static List<PayloadCase> operations(List<Event> events, Phase phase) {
    return kinds(events, phase).stream()
        .filter(kind -> kind != PayloadCase.NAMESPACE_ENTERED)
        .toList();
  }

  @Test
  void theCreationShowsTheFilterThatIsInForce() throws Exception {
    Seccomp.Builder seccomp = Seccomp.newBuilder().setDefaultAction("SCMP_ACT_ERRNO");
    seccomp
        .addRulesBuilder()
        .setAction("SCMP_ACT_ALLOW")
        .addNames("execve")
        .addNames("no_such_call");
    node.create("filtered", node.spec("true").setSeccomp(seccomp));
    ContainerCreated filtered = created();
    node.delete("filtered");

    assertThat(filtered.getSeccompSha256().size()).isEqualTo(32);
    assertThat(filtered.getSeccompInstructions()).isPositive();
    assertThat(filtered.getSeccompSkippedList()).containsExactly("no_such_call");
    assertThat(filtered.getWeakenedList()).doesNotContain("seccomp: none");
  }

  @Test
  void theCreationShowsThatThereIsNoFilter() throws Exception {
    node.create("free", node.spec("true"));

    assertThat(created().getSeccompSha256().isEmpty()).isTrue();
    assertThat(created().getWeakenedList()).contains("seccomp: none");
  }

  /** Of the one container that there was. */
  private ContainerCreated created() throws Exception {
    return recordWith(PayloadCase.CONTAINER_CREATED).stream()
        .filter(event -> event.getPhase() == Phase.OUTCOME && event.hasContainerCreated())
        .map(Event::getContainerCreated)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void everyOperationHasItsIntentAndItsOutcome() throws Exception {
    node.createSandbox("box");
    node.createIn("box", "c", node.spec("sleep", "60"));
    node.start("c");
    node.exec("c", "true", "--password", "hunter2").ended();
    node.pause("c");
    node.resume("c");
    node.signal("c", 9);
    node.await("c");
    node.delete("c");
    node.deleteSandbox("box", false);

    List<Event> events = recordWith(PayloadCase.SANDBOX_DELETED);
    List<PayloadCase> operations =
        List.of(
            PayloadCase.SANDBOX_CREATED,
            PayloadCase.CONTAINER_CREATED,
            PayloadCase.CONTAINER_STARTED,
            PayloadCase.EXEC_STARTED,
            PayloadCase.CONTAINER_PAUSED,
            PayloadCase.CONTAINER_RESUMED,
            PayloadCase.SIGNAL_SENT,
            PayloadCase.CONTAINER_DELETED,
            PayloadCase.SANDBOX_DELETED);
    assertThat(operations(events, Phase.INTENT)).isEqualTo(operations);
    assertThat(operations(events, Phase.OUTCOME)).isEqualTo(operations);
    assertThat(kinds(events, Phase.OBSERVATION))
        .contains(PayloadCase.EXEC_EXITED, PayloadCase.CONTAINER_EXITED);
    assertComplete(events);
    Event last = events.stream().filter(e -> e.hasSubject()).reduce((a, b) -> b).orElseThrow();
    assertThat(last.getPayloadCase()).isEqualTo(PayloadCase.SANDBOX_DELETED);
    assertThat(events.toString()).doesNotContain("hunter2");
  }

  @Test
  void noSecretIsRecordedAndNoEnvironment() throws Exception {
    Path hook = hookThatSays("SENTRY_DSN=$IN_HOOK password: geheim-5 token_file=/run/t");
    node.allow("redaction.names = -p *-dsn", "redaction.shown = --token-file", "hook = " + hook);
    node.restart();
    ContainerSpec.Builder spec =
        node.spec("sh", "-c", "sleep 60", "-p", "geheim-1", "--x-dsn=geheim-2", "--token-file=/t");
    spec.getProcessBuilder().addEnv("IN_PROCESS=geheim-3");
    spec.getHooksBuilder()
        .addPoststart(Hook.newBuilder().setPath(hook.toString()).addEnv("IN_HOOK=geheim-4"));
    node.started("c", spec);
    ExecProcess.Builder exec =
        TestNode.execRequest("c", "sh", "-c", "echo $IN_EXEC", "-p", "geheim-6", "x-dsn=geheim-7");
    exec.getProcessBuilder().addEnv("IN_EXEC=geheim-8");
    assertThat(node.exec(exec).ended().out()).isEqualTo("geheim-8\n");
    node.delete("c", true);

    List<Event> events = recordWith(PayloadCase.SANDBOX_DELETED);
    assertThat(first(events, PayloadCase.CONTAINER_CREATED).getContainerCreated().getArgsList())
        .containsExactly("sh", "-c", "sleep 60", "-p", "***", "--x-dsn=***", "--token-file=/t");
    assertThat(first(events, PayloadCase.EXEC_STARTED).getExecStarted().getArgsList())
        .containsExactly("sh", "-c", "echo $IN_EXEC", "-p", "***", "x-dsn=***");
    assertThat(first(events, PayloadCase.HOOK_FINISHED).getHookFinished().getOutputTail())
        .isEqualTo("SENTRY_DSN=*** password: *** token_file=/run/t\n");
    assertThat(events)
        .extracting(event -> event.toByteString().toString(StandardCharsets.ISO_8859_1))
        .noneMatch(bytes -> bytes.contains("geheim"))
        .noneMatch(bytes -> bytes.contains("IN_PROCESS") || bytes.contains("PATH=/bin"));
  }

  @Test
  void aHookIsItsCallersWheneverItRuns() throws Exception {
    Path path = hookThatSays("");
    node.allow("hook = " + path);
    node.restart();
    Hook hook = Hook.newBuilder().setPath(path.toString()).build();
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addCreateRuntime(hook).addPoststart(hook).addPoststop(hook);
    node.started("c", spec);
    node.delete("c", true);

    List<Event> events = recordWith(PayloadCase.SANDBOX_DELETED);
    assertThat(events)
        .filteredOn(event -> event.hasHookStarted() || event.hasHookFinished())
        .extracting(event -> event.getActor().getPrincipal())
        .hasSize(6)
        .containsOnly("uid:1000");
  }

  private Path hookThatSays(String words) throws Exception {
    Path hook = node.base().resolve("hooks/hook");
    Files.writeString(hook, "#!/bin/sh\necho \"" + words + "\"\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
    return hook;
  }

  private static Event first(List<Event> events, PayloadCase kind) {
    return events.stream()
        .filter(e -> e.getPayloadCase() == kind && e.getPhase() == Phase.OUTCOME)
        .findFirst()
        .orElseThrow();
  }

  /** No sequence has a gap, each intent one outcome, and each event its actor. */
  private static void assertComplete(List<Event> events) {
    Map<Long, Long> sequences = new HashMap<>();
    Map<String, Long> ofSandboxes = new HashMap<>();
    Map<Long, Event> open = new HashMap<>();
    for (Event event : events) {
      assertThat(event.getSeq()).isEqualTo(sequences.merge(event.getEpoch(), 1L, Long::sum));
      String sandbox = event.getSubject().getSandboxUid();
      if (!sandbox.isEmpty()) {
        assertThat(event.getSandboxSeq()).isEqualTo(ofSandboxes.merge(sandbox, 1L, Long::sum));
      }
      if (event.getPhase() == Phase.INTENT) {
        assertThat(event.getActor().getPrincipal()).isEqualTo("uid:1000");
        assertThat(event.getActor().getPeer()).isIn("0", "root");
        open.put(event.getSeq(), event);
      } else if (event.getPhase() == Phase.OUTCOME) {
        Event intent = open.remove(event.getIntentSeq());
        assertThat(intent).as("intent of %s", event).isNotNull();
        assertThat(event.getPayloadCase()).isEqualTo(intent.getPayloadCase());
      }
    }
    assertThat(open).isEmpty();
  }

  @Test
  void aFailureIsRecordedWithItsReason() throws Exception {
    node.create("c", node.spec("no-such-program"));
    Problem.of(() -> node.start("c")).is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND);
    List<Event> events = recordWith(PayloadCase.CONTAINER_STARTED);
    Event failed =
        events.stream()
            .filter(e -> e.getPhase() == Phase.OUTCOME)
            .filter(e -> e.getPayloadCase() == PayloadCase.CONTAINER_STARTED)
            .findFirst()
            .orElseThrow();
    assertThat(failed.getFailure().getReason()).isEqualTo("COMMAND_NOT_FOUND");
    assertThat(failed.getFailure().getCode()).isEqualTo(Status.Code.NOT_FOUND.value());
  }

  @Test
  void aRefusalIsRecorded() throws Exception {
    Problem.of(() -> node.create("..", node.spec("true")));
    List<Event> events = recordWith(PayloadCase.REQUEST_DENIED);
    assertThat(events.getLast().getRequestDenied().getReason()).isEqualTo("INVALID_ID");
    assertThat(events.getLast().getActor().getPrincipal()).isEqualTo("uid:1000");
  }

  @Test
  void aRefusalOfTheGatewaysIsRecordedAsItsOwn() throws Exception {
    ManagedChannel channel = Channels.unix(node.journalSocket());
    try {
      var answer =
          Channels.withDeadline(JournalGrpc.newBlockingStub(channel))
              .recordDenial(
                  RecordDenialRequest.newBuilder()
                      .setActor(TestNode.actor())
                      .setOperation("CreateContainer")
                      .setReason("NOT_ALLOWED")
                      .build());
      assertThat(answer.getRecorded()).isTrue();
    } finally {
      channel.shutdownNow();
    }
    Event event = recordWith(PayloadCase.REQUEST_DENIED).getLast();
    assertThat(event.getRequestDenied().getBy()).isEqualTo("gateway");
    assertThat(event.getActor().getPrincipal()).isEqualTo("uid:1000");
    assertThat(event.getActor().getPeer()).isIn("0", "root");
  }

  @Test
  void refusingDoesNotFillTheRecord() throws Exception {
    for (int i = 0; i < 200; i++) {
      Problem.of(() -> node.get(".."));
    }
    Problem.of(() -> node.create("..", node.spec("true")));
    long denials =
        recordWith(PayloadCase.REQUEST_DENIED).stream().filter(Event::hasRequestDenied).count();
    assertThat(denials).isLessThan(20);
  }

  @Test
  void aRestartGoesOnWithoutAGap() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    node.restart();
    node.delete("c", true);
    List<Event> events = recordWith(PayloadCase.SANDBOX_DELETED);
    assertThat(events.stream().map(Event::getEpoch).distinct()).hasSize(2);
    assertThat(kinds(events, Phase.OBSERVATION)).contains(PayloadCase.RECOVERED);
    assertComplete(events);
  }

  @Test
  void aLossIsRecorded() throws Exception {
    var sandbox = node.createSandbox("box");
    node.createIn("box", "c", node.spec("sleep", "60"));
    assertThat(
            new ProcessBuilder("kill", "-9", Integer.toString(sandbox.getInitPid()))
                .start()
                .waitFor())
        .isZero();
    node.await("c");
    node.deleteSandbox("box", true);
    List<Event> events = recordWith(PayloadCase.SANDBOX_DELETED);
    assertThat(kinds(events, Phase.OBSERVATION))
        .containsSubsequence(PayloadCase.SANDBOX_LOST, PayloadCase.CONTAINER_EXITED);
    assertComplete(events);
  }
}
