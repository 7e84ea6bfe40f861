package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.executor.journal.v1.Snapshot;
import dev.caisson.model.Sha256;
import dev.caisson.proto.events.v1.ContainerPaused;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.types.v1.ExitStatus;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestsTest {
  private static final Earlier DONE = new Earlier(true, "");

  @TempDir Path directory;

  private static ByteString sha256(String content) {
    return ByteString.copyFrom(Sha256.start().digest(content.getBytes(StandardCharsets.UTF_8)));
  }

  private static Event.Builder outcome(String tenant, String id, String content) {
    Event.Builder event =
        Event.newBuilder()
            .setPhase(Phase.OUTCOME)
            .setContainerPaused(ContainerPaused.getDefaultInstance())
            .setRequestSha256(sha256(content));
    event.getSubjectBuilder().setTenant(tenant).setSandboxUid("box").setContainerUid("c");
    event.getActorBuilder().setRequestId(id);
    return event;
  }

  private static Event.Builder failed(Event.Builder event, String reason) {
    return event.setFailure(Failure.newBuilder().setReason(reason));
  }

  private static void expect(Requests requests, String id, Earlier expected) {
    assertThat(requests.find("a", id, sha256("x"))).contains(expected);
  }

  private static void expectNone(Requests requests, String tenant, String id) {
    assertThat(requests.find(tenant, id, sha256("x"))).isEmpty();
  }

  @Test
  void knowsWhatWasDoneAndForWhom() {
    Requests requests = new Requests(9, 9);
    requests.recorded(outcome("a", "r", "x"));
    expect(requests, "r", DONE);
    assertThat(requests.find("a", "r", sha256("y"))).contains(new Earlier(false, ""));
    expectNone(requests, "b", "r");
    expectNone(requests, "a", "s");
  }

  @Test
  void remembersNeitherIntentsNorFailuresNorParts() {
    Requests requests = new Requests(9, 9);
    requests.recorded(outcome("a", "r", "x").setPhase(Phase.INTENT));
    requests.recorded(failed(outcome("a", "r", "x"), "WRONG_STATE"));
    requests.recorded(outcome("a", "r", "x").clearRequestSha256());
    requests.recorded(outcome("a", "", "x"));
    expectNone(requests, "a", "r");
    expectNone(requests, "a", "");
  }

  @Test
  void tellsWhatWasCutOffUntilItIsDone() {
    Requests requests = new Requests(9, 9);
    requests.recorded(failed(outcome("a", "r", "x"), Journal.ABORTED_BY_CRASH));
    expect(requests, "r", new Earlier(true, "c"));
    requests.recorded(failed(outcome("a", "r", "x"), "WRONG_STATE"));
    expect(requests, "r", new Earlier(true, "c"));
    requests.recorded(outcome("a", "r", "x"));
    expect(requests, "r", DONE);
  }

  private static Event.Builder hook(String kind, int code) {
    return outcome("a", "r", "x")
        .clearRequestSha256()
        .setHookFinished(
            HookFinished.newBuilder()
                .setKind(kind)
                .setStatus(ExitStatus.newBuilder().setCode(code)));
  }

  @Test
  void aStartFailsWithItsLastHooks() {
    Requests requests = new Requests(9, 9);
    requests.recorded(outcome("a", "r", "x"));
    requests.recorded(hook("poststart", 0));
    requests.recorded(hook("poststop", 1));
    expect(requests, "r", DONE);
    requests.recorded(hook("poststart", 1));
    expectNone(requests, "a", "r");
  }

  @Test
  void forgetsTheOldestOfTheTenant() {
    Requests requests = new Requests(2, 9);
    requests.recorded(outcome("b", "r", "x"));
    requests.recorded(outcome("a", "1", "x"));
    requests.recorded(outcome("a", "2", "x"));
    requests.recorded(outcome("a", "1", "x"));
    requests.recorded(outcome("a", "3", "x"));
    expectNone(requests, "a", "2");
    expect(requests, "1", DONE);
    expect(requests, "3", DONE);
    assertThat(requests.find("b", "r", sha256("x"))).contains(DONE);
  }

  @Test
  void whoHasTheMostPushesOutHisOwn() {
    Requests requests = new Requests(100, 10);
    for (int i = 0; i < 4; i++) {
      requests.recorded(outcome("a", "r" + i, "x"));
    }
    for (int i = 0; i < 1_000; i++) {
      requests.recorded(outcome("b", "r" + i, "x"));
    }
    for (int i = 0; i < 4; i++) {
      expect(requests, "r" + i, DONE);
    }
    assertThat(requests.find("b", "r993", sha256("x"))).isEmpty();
    assertThat(requests.find("b", "r994", sha256("x"))).contains(DONE);
    for (int i = 0; i < 6; i++) {
      requests.recorded(outcome("c" + i, "r", "x"));
    }
    expect(requests, "r3", DONE);
  }

  @Test
  void aSnapshotHasThemInTheirOrderAndIsBounded() throws Exception {
    Requests requests = Requests.of(JournalSettings.DEFAULT_SEGMENT_BYTES);
    for (int i = 0; i < 20_000; i++) {
      requests.recorded(outcome(i % 3 + "", "r" + i, "x"));
    }
    requests.recorded(failed(outcome("a", "cut", "x"), Journal.ABORTED_BY_CRASH));
    Snapshot.Builder snapshot = Snapshot.newBuilder();
    requests.snapshot(snapshot);
    assertThat(snapshot.build().getSerializedSize())
        .isLessThan((int) JournalSettings.DEFAULT_SEGMENT_BYTES / 4);
    Requests restored = new Requests(1, 9_000);
    restored.restore(Snapshot.parseFrom(snapshot.build().toByteString()));
    expect(restored, "cut", new Earlier(true, "c"));
    assertThat(restored.find("1", "r19999", sha256("x"))).contains(DONE);
    assertThat(restored.find("1", "r19996", sha256("x"))).isEmpty();
  }

  private static void fill(Journal journal) {
    for (int i = 0; i < 200; i++) {
      journal.append(Journals.event("filler, so that what is older is in headers alone"));
    }
  }

  @Test
  void livesOnInTheHeadersOfLaterSegments() {
    try (Journal first = Journals.open(directory)) {
      first.append(outcome("a", "r", "x"));
      fill(first);
      first.acknowledge(first.durable());
      fill(first);
      first.acknowledge(first.durable());
    }
    try (Journal second = Journals.open(directory)) {
      assertThat(second.earlier("a", "r", sha256("x"))).contains(DONE);
      assertThat(second.earlier("b", "r", sha256("x"))).isEmpty();
    }
    try (Journal third = Journals.open(directory)) {
      assertThat(third.earlier("a", "r", sha256("x"))).contains(DONE);
    }
  }

  @Test
  void anIntentThatWasCutOffIsKnownOnceItIsClosed() {
    try (Journal first = Journals.open(directory)) {
      first.intent(outcome("a", "r", "x"));
      assertThat(first.earlier("a", "r", sha256("x"))).isEmpty();
    }
    try (Journal second = Journals.open(directory)) {
      second.openIntents().forEach(intent -> second.abort(intent, "it runs"));
      assertThat(second.earlier("a", "r", sha256("x"))).contains(new Earlier(true, "c"));
    }
    try (Journal third = Journals.open(directory)) {
      assertThat(third.earlier("a", "r", sha256("x"))).contains(new Earlier(true, "c"));
    }
  }
}
