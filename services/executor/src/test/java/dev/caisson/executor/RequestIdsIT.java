package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalSettings;
import dev.caisson.executor.journal.Signing;
import dev.caisson.executor.journal.SigningKey;
import dev.caisson.executor.store.Store;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.proto.events.v1.ContainerDeleted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A request that is made again is not done again, whatever happened in between. */
class RequestIdsIT {
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

  // ---- Requests

  private static StartContainerRequest start(String id, String requestId) {
    return TestNode.startRequest(id).toBuilder().setActor(TestNode.actor(requestId)).build();
  }

  private static PauseContainerRequest pause(String id, String requestId) {
    return PauseContainerRequest.newBuilder()
        .setActor(TestNode.actor(requestId))
        .setTenant(TestNode.TENANT)
        .setContainerId(id)
        .build();
  }

  private static ResumeContainerRequest resume(String id, String requestId) {
    return ResumeContainerRequest.newBuilder()
        .setActor(TestNode.actor(requestId))
        .setTenant(TestNode.TENANT)
        .setContainerId(id)
        .build();
  }

  private static SignalRequest signal(String id, int signal, String requestId) {
    return TestNode.signalRequest(id).setActor(TestNode.actor(requestId)).setSignal(signal).build();
  }

  private static Resources limit(long pids) {
    Resources.Builder limits = Resources.newBuilder();
    limits.getPidsBuilder().setLimit(pids);
    return limits.build();
  }

  private static UpdateContainerRequest update(String id, long pids, String requestId) {
    return UpdateContainerRequest.newBuilder()
        .setActor(TestNode.actor(requestId))
        .setTenant(TestNode.TENANT)
        .setContainerId(id)
        .setResources(limit(pids))
        .build();
  }

  private static UpdateSandboxRequest updateSandbox(String id, long pids, String requestId) {
    return UpdateSandboxRequest.newBuilder()
        .setActor(TestNode.actor(requestId))
        .setTenant(TestNode.TENANT)
        .setSandboxId(id)
        .setResources(limit(pids))
        .build();
  }

  private static DeleteContainerRequest delete(String id, boolean force, String requestId) {
    return TestNode.deleteRequest(id, force).toBuilder()
        .setActor(TestNode.actor(requestId))
        .build();
  }

  private static DeleteSandboxRequest deleteSandbox(String id, String requestId) {
    return TestNode.sandboxDeletion(id).setActor(TestNode.actor(requestId)).setForce(true).build();
  }

  private static void reused(Runnable call) {
    Problem.of(call::run).is(Status.Code.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED);
  }

  private long recorded(Predicate<Event> which) throws Exception {
    return Recorded.of(node).stream()
        .filter(event -> event.getPhase() == Phase.OUTCOME && !event.hasFailure())
        .filter(which)
        .count();
  }

  // ---- Each method: repeated, with other content, after a failure, after a restart

  @Test
  void starts() throws Exception {
    Problem.of(() -> node.stub().startContainer(start("c", "r")))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    node.create("c", node.spec("true"));
    node.create("d", node.spec("true"));
    var _ = node.stub().startContainer(start("c", "r"));
    node.await("c");
    assertThat(node.stub().startContainer(start("c", "r")).getState())
        .isEqualTo(ContainerState.STOPPED);
    reused(() -> node.stub().startContainer(start("d", "r")));
    Problem.of(() -> node.stub().startContainer(start("c", "s")))
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    node.restart();
    assertThat(node.stub().startContainer(start("c", "r")).getState())
        .isEqualTo(ContainerState.STOPPED);
    assertThat(recorded(Event::hasContainerStarted)).isOne();
    assertThat(node.stub().startContainer(start("d", "s")).getId()).isEqualTo("d");
  }

  @Test
  void pausesAndResumes() throws Exception {
    Problem.of(() -> node.stub().pauseContainer(pause("c", "p")))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    node.started("c", node.spec("sleep", "60"));
    Problem.of(() -> node.stub().resumeContainer(resume("c", "r")))
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    var _ = node.stub().pauseContainer(pause("c", "p"));
    assertThat(node.stub().pauseContainer(pause("c", "p")).getState())
        .isEqualTo(ContainerState.PAUSED);
    var _ = node.stub().resumeContainer(resume("c", "r"));
    assertThat(node.stub().pauseContainer(pause("c", "p")).getState())
        .isEqualTo(ContainerState.RUNNING);
    reused(() -> node.stub().resumeContainer(resume("c", "p")));
    reused(() -> node.stub().pauseContainer(pause("c", "r")));
    node.pause("c");
    node.restart();
    assertThat(node.stub().resumeContainer(resume("c", "r")).getState())
        .as("somebody else has paused it again")
        .isEqualTo(ContainerState.PAUSED);
    assertThat(node.stub().pauseContainer(pause("c", "p")).getState())
        .isEqualTo(ContainerState.PAUSED);
  }

  @Test
  void signals() throws Exception {
    node.create("c", node.spec("sleep", "60"));
    Problem.of(() -> node.stub().signal(signal("gone", 10, "r")))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    node.start("c");
    var _ = node.stub().signal(signal("c", 18, "r"));
    var _ = node.stub().signal(signal("c", 18, "r"));
    reused(() -> node.stub().signal(signal("c", 15, "r")));
    reused(() -> node.stub().signal(signal("c", 18, "r").toBuilder().setAll(true).build()));
    node.restart();
    var _ = node.stub().signal(signal("c", 18, "r"));
    assertThat(recorded(Event::hasSignalSent)).isOne();
    node.delete("c", true);
    var _ = node.stub().signal(signal("c", 18, "r"));
    Problem.of(() -> node.stub().signal(signal("c", 18, "s")))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void updates() throws Exception {
    node.createSandbox("box");
    node.createIn("box", "c", node.spec("sleep", "60"));
    var _ = node.stub().updateContainer(update("c", 50, "r"));
    var _ = node.stub().updateSandbox(updateSandbox("box", 60, "s"));
    node.update("c", limit(70));
    node.updateSandbox("box", limit(80));
    node.restart();
    assertThat(pids(node.stub().updateContainer(update("c", 50, "r")))).isEqualTo(70);
    assertThat(
            node.stub()
                .updateSandbox(updateSandbox("box", 60, "s"))
                .getResources()
                .getPids()
                .getLimit())
        .isEqualTo(80);
    reused(() -> node.stub().updateContainer(update("c", 51, "r")));
    reused(() -> node.stub().updateSandbox(updateSandbox("box", 61, "s")));
    reused(() -> node.stub().updateSandbox(updateSandbox("box", 60, "r")));
  }

  private static long pids(Container container) {
    return container.getSpec().getResources().getPids().getLimit();
  }

  @Test
  void deletes() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    Problem.of(() -> node.stub().deleteContainer(delete("c", false, "r")))
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    var _ = node.stub().deleteContainer(delete("c", true, "r"));
    var _ = node.stub().deleteContainer(delete("c", true, "r"));
    reused(() -> node.stub().deleteContainer(delete("c", false, "r")));
    reused(() -> node.stub().deleteSandbox(deleteSandbox("c", "r")));
    node.restart();
    var _ = node.stub().deleteContainer(delete("c", true, "r"));
    Problem.of(() -> node.stub().deleteContainer(delete("c", true, "s")))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    String uid = node.started("c", node.spec("sleep", "60")).getUid();
    var _ = node.stub().deleteContainer(delete("c", true, "r"));
    assertThat(node.get("c").getUid()).as("another of this id").isEqualTo(uid);
  }

  @Test
  void whoseMissingContainerWasASuccessDeletesNoLaterOne() throws Exception {
    var missing = delete("c", true, "r").toBuilder().setAllowMissing(true).build();
    Problem.of(() -> node.stub().deleteContainer(delete("c", true, "q")))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    var _ = node.stub().deleteContainer(missing);
    String uid = node.started("c", node.spec("sleep", "60")).getUid();
    var _ = node.stub().deleteContainer(missing);
    assertThat(node.get("c").getUid()).isEqualTo(uid);
  }

  @Test
  void whoComesSecondHasDeletedToo() throws Exception {
    for (int round = 0; round < 5; round++) {
      node.started("c", node.spec("sleep", "60"));
      AtomicInteger calls = new AtomicInteger();
      String ids = "round-" + round + "-";
      assertThat(
              together(() ->
                  node.stub()
                      .deleteContainer(
                          delete("c", true, ids + calls.incrementAndGet()).toBuilder()
                              .setAllowMissing(true)
                              .build())))
          .containsOnlyNulls();
    }
  }

  @Test
  void neitherDeletesNorSignalsInAnotherSandbox() throws Exception {
    node.createSandbox("box");
    node.createIn("box", "c", node.spec("sleep", "60"));
    node.start("c");
    var elsewhere = delete("c", true, "r").toBuilder().setSandboxId("other").build();
    Problem.of(() -> node.stub().deleteContainer(elsewhere))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    var _ =
        node.stub()
            .deleteContainer(
                elsewhere.toBuilder().setAllowMissing(true).setActor(TestNode.actor("m")).build());
    Problem.of(
            () -> node.stub().signal(signal("c", 9, "s").toBuilder().setSandboxId("other").build()))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    assertThat(node.get("c").getState()).isEqualTo(ContainerState.RUNNING);
    var _ = node.stub().signal(signal("c", 18, "t").toBuilder().setSandboxId("box").build());
    var _ = node.stub().deleteContainer(elsewhere.toBuilder().setSandboxId("box").build());
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void deletesInASandbox() throws Exception {
    node.createSandbox("box");
    node.createIn("box", "c", node.spec("true"));
    var _ = node.stub().deleteContainer(delete("c", false, "r"));
    node.restart();
    var _ = node.stub().deleteContainer(delete("c", false, "r"));
    node.createIn("box", "d", node.spec("true"));
    var _ = node.stub().deleteSandbox(deleteSandbox("box", "s"));
    node.restart();
    var _ = node.stub().deleteSandbox(deleteSandbox("box", "s"));
    String uid = node.createSandbox("box").getUid();
    var _ = node.stub().deleteSandbox(deleteSandbox("box", "s"));
    assertThat(node.sandbox("box").getUid()).isEqualTo(uid);
  }

  @Test
  void whatWasMadeAndIsGoneIsNotMadeAgain() throws Exception {
    var box = TestNode.sandboxRequest("box").setActor(TestNode.actor("s")).build();
    var container = node.request("c", node.spec("true")).setActor(TestNode.actor("r")).build();
    var _ = node.stub().createSandbox(box);
    var _ = node.stub().createContainer(container);
    reused(() -> node.stub().startContainer(start("c", "r")));
    reused(() -> node.stub().createSandbox(box.toBuilder().setActor(TestNode.actor("r")).build()));
    node.delete("c");
    node.deleteSandbox("box", false);
    node.restart();
    Problem.of(() -> node.stub().createContainer(container))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.stub().createSandbox(box))
        .is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
    node.create("c", node.spec("true"));
    node.createSandbox("box");
  }

  @Test
  void runsOnce() throws Exception {
    var run = node.request("c", node.shell("echo x")).setActor(TestNode.actor("r")).build();
    assertThat(node.runAttached(run).closeInput().ended().out()).isEqualTo("x\n");
    TestNode.eventually("it is deleted", () -> catchThrowable(() -> node.get("c")) != null);
    Problem.of(node.runAttached(run).failure())
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    var fails =
        node.request("d", node.spec("/no/such/program")).setActor(TestNode.actor("s")).build();
    for (int i = 0; i < 2; i++) {
      Problem.of(node.runAttached(fails).failure())
          .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND);
    }
  }

  @Test
  void executesOnce() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    node.started("d", node.spec("sleep", "60"));
    var detached =
        TestNode.execRequest("c", "sleep", "60").setActor(TestNode.actor("d")).setDetach(true);
    String id = node.exec(detached).execStarted().getId();
    assertThat(node.exec(detached).execStarted().getId()).isEqualTo(id);
    reused(() -> throwing(node.exec(detached.clone().addAddEnv("A=1")).failure()));
    reused(() -> throwing(node.exec(detached.clone().setContainerId("d")).failure()));
    var attached = TestNode.execRequest("c", "cat").setActor(TestNode.actor("a"));
    var first = node.exec(attached);
    var second = node.exec(attached);
    assertThat(second.execStarted().getId()).isEqualTo(first.execStarted().getId());
    node.restart();
    assertThat(node.exec(detached).execStarted().getId()).isEqualTo(id);
    var third = node.exec(attached).input("hello").closeInput().ended();
    assertThat(third.out()).isEqualTo("hello");
    assertThat(recorded(Event::hasExecStarted)).isEqualTo(2);
    Problem.of(
            node.exec(TestNode.execRequest("c", "no-such").setActor(TestNode.actor("f"))).failure())
        .is(Status.Code.NOT_FOUND, Reason.COMMAND_NOT_FOUND);
    assertThat(
            node.exec(TestNode.execRequest("c", "true").setActor(TestNode.actor("f")))
                .ended()
                .code())
        .as("a failure is not remembered")
        .isZero();
  }

  private static void throwing(Throwable problem) {
    throw (RuntimeException) problem;
  }

  @Test
  void idsAreEachTenantsOwn() {
    node.create("c", node.spec("sleep", "60"));
    var other = node.request("c", node.spec("sleep", "60")).setTenant("umbra").build();
    var _ = node.stub().createContainer(other);
    var _ = node.stub().startContainer(start("c", "r"));
    var theirs = start("c", "r").toBuilder().setTenant("umbra").build();
    assertThat(node.stub().startContainer(theirs).getState()).isEqualTo(ContainerState.RUNNING);
    var kill = signal("c", 9, "r").toBuilder().setTenant("third").build();
    Problem.of(() -> node.stub().signal(kill))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    var _ =
        node.stub().deleteContainer(delete("c", true, "q").toBuilder().setTenant("umbra").build());
  }

  // ---- At the same time

  private static List<Throwable> together(Runnable call) {
    List<CompletableFuture<Throwable>> calls =
        IntStream.range(0, 8)
            .mapToObj(i ->
                CompletableFuture.runAsync(call)
                    .handle((_, problem) -> problem == null ? null : problem.getCause()))
            .toList();
    List<Throwable> problems = new ArrayList<>();
    calls.forEach(one -> problems.add(one.join()));
    return problems;
  }

  @Test
  void ofManyAtOnceOneIsDoneForAll() throws Exception {
    var spec = node.spec("sleep", "60");
    node.create("c", spec);
    assertThat(together(() -> node.stub().startContainer(start("c", "s")))).containsOnlyNulls();
    assertThat(together(() -> node.stub().signal(signal("c", 18, "k")))).containsOnlyNulls();
    assertThat(together(() -> node.stub().pauseContainer(pause("c", "p")))).containsOnlyNulls();
    assertThat(together(() -> node.stub().resumeContainer(resume("c", "r")))).containsOnlyNulls();
    var exec =
        TestNode.execRequest("c", "sleep", "60").setActor(TestNode.actor("e")).setDetach(true);
    assertThat(together(() -> node.exec(exec.clone()).execStarted())).containsOnlyNulls();
    assertThat(together(() -> node.stub().deleteContainer(delete("c", true, "d"))))
        .containsOnlyNulls();
    assertThat(recorded(Event::hasContainerStarted)).isOne();
    assertThat(recorded(one -> one.hasSignalSent() && one.getSignalSent().getSignal() == 18))
        .isOne();
    assertThat(recorded(Event::hasContainerPaused)).isOne();
    assertThat(recorded(Event::hasContainerResumed)).isOne();
    assertThat(recorded(Event::hasExecStarted)).isOne();
    assertThat(recorded(Event::hasContainerDeleted)).isOne();
  }

  // ---- Where an executor has died between the effect and its record

  /**
   * As if the outcome had not been recorded: the intent of what was done is there once more, by
   * another request id.
   */
  private void cutOff(String requestId, Predicate<Event> which) throws Exception {
    Event done =
        Recorded.of(node).stream()
            .filter(event -> event.getPhase() == Phase.OUTCOME)
            .filter(which)
            .findFirst()
            .orElseThrow();
    node.shut();
    try (Journal journal = journal()) {
      var _ = journal.intent(done.toBuilder().clearIntentSeq().setActor(TestNode.actor(requestId)));
    }
    node.open();
  }

  private Journal journal() throws IOException {
    return Journal.open(
        JournalSettings.defaults(node.data().resolve("journal"), "node-1"),
        Signing.usual(SigningKey.of(node.data())),
        Clock.systemUTC(),
        () -> UUID.randomUUID().toString().substring(0, 16).getBytes(StandardCharsets.US_ASCII),
        ExecutorStarted.getDefaultInstance(),
        new Disk());
  }

  @Test
  void aChangeThatWasCutOffIsDoneWhereItHolds() throws Exception {
    node.create("c", node.spec("sleep", "60"));
    node.create("d", node.spec("sleep", "60"));
    var _ = node.stub().startContainer(start("c", "start"));
    cutOff("start-2", Event::hasContainerStarted);
    assertThat(node.stub().startContainer(start("c", "start-2")).getState())
        .isEqualTo(ContainerState.RUNNING);
    reused(() -> node.stub().startContainer(start("d", "start-2")));
    var _ = node.stub().pauseContainer(pause("c", "pause"));
    cutOff("pause-2", Event::hasContainerPaused);
    assertThat(node.stub().pauseContainer(pause("c", "pause-2")).getState())
        .isEqualTo(ContainerState.PAUSED);
    var _ = node.stub().resumeContainer(resume("c", "resume"));
    assertThat(node.stub().pauseContainer(pause("c", "pause-2")).getState())
        .as("it is known to be done, and was undone")
        .isEqualTo(ContainerState.RUNNING);
    cutOff("resume-2", Event::hasContainerResumed);
    assertThat(node.stub().resumeContainer(resume("c", "resume-2")).getState())
        .isEqualTo(ContainerState.RUNNING);
    node.pause("c");
    assertThat(node.stub().pauseContainer(pause("c", "pause")).getState())
        .isEqualTo(ContainerState.PAUSED);
    node.resume("c");
    assertThat(recorded(Event::hasContainerStarted)).isOne();
  }

  @Test
  void whatWasCutOffAfterItWasMadeIsNotMadeAgainOnceItIsGone() throws Exception {
    var box = TestNode.sandboxRequest("box").setActor(TestNode.actor("s")).build();
    var container = node.request("c", node.spec("true")).setActor(TestNode.actor("r")).build();
    var _ = node.stub().createSandbox(box);
    String uid = node.stub().createContainer(container).getUid();
    cutOff("r", Event::hasContainerCreated);
    cutOff(
        "s", event -> event.hasSandboxCreated() && event.getSubject().getSandboxId().equals("box"));
    assertThat(node.stub().createContainer(container).getUid()).isEqualTo(uid);
    var _ = node.stub().createSandbox(box);
    node.delete("c");
    node.deleteSandbox("box", false);
    Problem.of(() -> node.stub().createContainer(container))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.stub().createSandbox(box))
        .is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
  }

  @Test
  void aStartThatWasCutOffBeforeItBeganIsNotSaidToBeDone() throws Exception {
    node.create("c", node.spec("true"));
    var _ = node.stub().startContainer(start("c", "start"));
    node.await("c");
    node.create("d", node.spec("true"));
    Event done =
        Recorded.of(node).stream()
            .filter(event -> event.getPhase() == Phase.OUTCOME && event.hasContainerStarted())
            .findFirst()
            .orElseThrow();
    Event.Builder other = done.toBuilder().clearIntentSeq().setActor(TestNode.actor("other"));
    other.getSubjectBuilder().setContainerUid("gone");
    node.shut();
    try (Journal journal = journal()) {
      var _ = journal.intent(other);
    }
    node.open();
    Problem.of(() -> node.stub().startContainer(start("c", "other")))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void anUpdateThatWasCutOffIsMadeAgainOnce() throws Exception {
    node.createSandbox("box");
    var _ = node.stub().updateSandbox(updateSandbox("box", 60, "update"));
    cutOff("update-2", Event::hasResourcesUpdated);
    node.updateSandbox("box", limit(80));
    var _ = node.stub().updateSandbox(updateSandbox("box", 60, "update-2"));
    assertThat(node.sandbox("box").getResources()).isEqualTo(limit(60));
    node.updateSandbox("box", limit(80));
    var _ = node.stub().updateSandbox(updateSandbox("box", 60, "update-2"));
    assertThat(node.sandbox("box").getResources()).isEqualTo(limit(80));
  }

  @Test
  void aSignalThatWasCutOffIsSentAgainOnce() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    var _ = node.stub().signal(signal("c", 18, "signal"));
    cutOff("signal-2", Event::hasSignalSent);
    for (int i = 0; i < 2; i++) {
      var _ = node.stub().signal(signal("c", 18, "signal-2"));
    }
    assertThat(recorded(Event::hasSignalSent)).isEqualTo(2);
  }

  @Test
  void aDeletionThatWasCutOffIsOfTheOneThatItBeganWith() throws Exception {
    node.createSandbox("box");
    node.createIn("box", "c", node.spec("true"));
    var _ = node.stub().deleteContainer(delete("c", false, "delete"));
    cutOff("delete-2", Event::hasContainerDeleted);
    var _ = node.stub().deleteContainer(delete("c", false, "delete-2"));
    String uid = node.createIn("box", "c", node.spec("true")).getUid();
    var _ = node.stub().deleteContainer(delete("c", false, "delete-2"));
    assertThat(node.get("c").getUid()).isEqualTo(uid);
    var _ = node.stub().deleteSandbox(deleteSandbox("box", "box"));
    cutOff("box-2", Event::hasSandboxDeleted);
    var _ = node.stub().deleteSandbox(deleteSandbox("box", "box-2"));
    String next = node.createSandbox("box").getUid();
    var _ = node.stub().deleteSandbox(deleteSandbox("box", "box-2"));
    assertThat(node.sandbox("box").getUid()).isEqualTo(next);
  }

  @Test
  void whatAnExecutorBeganToDeleteIsDoneForWhoAskedForIt() throws Exception {
    node.createSandbox("box");
    Container container = node.createIn("box", "c", node.spec("sleep", "60"));
    var request = delete("c", true, "delete");
    node.shut();
    Event.Builder intent =
        Event.newBuilder()
            .setActor(request.getActor())
            .setRequestSha256(ByteString.copyFrom(new byte[32]))
            .setContainerDeleted(ContainerDeleted.newBuilder().setForced(true));
    intent
        .getSubjectBuilder()
        .setTenant(container.getTenant())
        .setSandboxId(container.getSandboxId())
        .setSandboxUid(container.getSandboxUid())
        .setContainerId(container.getId())
        .setContainerUid(container.getUid());
    try (Journal journal = journal();
        Store store = Store.open(node.data().resolve("store"))) {
      var _ = journal.intent(intent);
      ContainerRecord record = store.load().containers().getFirst();
      store.put(record.toBuilder().setDeleting(true).build());
    }
    node.open();
    TestNode.eventually("it is deleted", () -> catchThrowable(() -> node.get("c")) != null);
    assertThat(
            recorded(one ->
                one.hasContainerDeleted()
                    && one.getActor().getRequestId().equals(request.getActor().getRequestId())))
        .isOne();
    reused(() -> node.stub().deleteContainer(request)); // since the intent's content is none
  }

  // ---- Killed at any moment

  private static final AtomicInteger ANSWERED = new AtomicInteger();

  private static final Executor THREADS = task -> Thread.ofVirtual().start(task);

  /** As the client library does: until there is an answer. */
  private static void insist(Runnable call) {
    TestNode.eventually(
        "it is answered",
        () -> {
          Throwable problem = catchThrowable(call::run);
          if (problem != null
              && Status.fromThrowable(problem).getCode() != Status.Code.UNAVAILABLE) {
            throw new AssertionError(problem);
          }
          return problem == null;
        });
    ANSWERED.incrementAndGet();
  }

  /** A life of a container, of which each call is made until it is answered. */
  private static void live(TestNode apart, String id) {
    var create = apart.request(id, apart.spec("sleep", "600"));
    create.getActorBuilder().setRequestId(id + "-create");
    insist(() -> apart.stub().createContainer(create.build()));
    insist(() -> apart.stub().startContainer(start(id, id + "-start")));
    insist(() -> apart.stub().pauseContainer(pause(id, id + "-pause")));
    insist(() -> apart.stub().resumeContainer(resume(id, id + "-resume")));
    insist(() -> apart.stub().signal(signal(id, 18, id + "-signal")));
    insist(() -> apart.stub().updateContainer(update(id, 50, id + "-update")));
    insist(() -> apart.stub().deleteContainer(delete(id, true, id + "-delete")));
  }

  @Test
  void whoeverAsksAgainIsAnsweredWheneverTheExecutorIsKilled() throws Exception {
    Random random = new Random(7);
    try (TestNode apart = TestNode.launchApart()) {
      List<CompletableFuture<Void>> each =
          IntStream.range(0, 6)
              .mapToObj(i -> CompletableFuture.runAsync(() -> live(apart, "c" + i), THREADS))
              .toList();
      CompletableFuture<Void> lives =
          CompletableFuture.allOf(each.toArray(CompletableFuture[]::new));
      while (!lives.isDone()) {
        int enough = ANSWERED.get() + random.nextInt(6);
        TestNode.eventually("more answers", () -> lives.isDone() || ANSWERED.get() >= enough);
        apart.replace(true);
      }
      lives.join();
      TestNode.eventually(
          "its journal is served", () -> catchThrowable(() -> Recorded.of(apart)) == null);
      List<String> twice =
          Recorded.of(apart).stream()
              .filter(event -> event.getPhase() == Phase.OUTCOME && !event.hasFailure())
              .filter(event -> !event.getRequestSha256().isEmpty())
              .map(event -> event.getActor().getRequestId())
              .collect(Collectors.groupingBy(id -> id, Collectors.counting()))
              .entrySet()
              .stream()
              .filter(entry -> entry.getValue() > 1)
              .map(Map.Entry::getKey)
              .toList();
      assertThat(twice).isEmpty();
    }
  }
}
