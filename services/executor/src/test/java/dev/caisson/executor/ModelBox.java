package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.ModelCalls.Answer;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Volume;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * A client's sandbox with what is in it, from its creation to its end by force, while the executor
 * may be replaced at any time.
 */
final class ModelBox {
  private static final int PORT = 8080;
  private static final String SLEEP = "exec sleep 100000";

  private enum Life {
    /** It goes while something runs in it. */
    FULL,
    /** Its caisson-init is killed, and so all that is in it. */
    LOST,
    /** Its root container ends, and so do the others. */
    ROOTED,
    /** What a container has put into its volume is there for the next. */
    REMEMBERING,
    /** A connection into it is open all the while. */
    FORWARDING
  }

  private final TestNode node;
  private final ModelCalls calls;
  private final String sandbox;
  private final String inside;
  private final Map<String, ExitStatus> awaited = new TreeMap<>();
  private final Set<String> lost = new TreeSet<>();
  private int operations;

  /**
   * @param client whose it is
   */
  ModelBox(TestNode node, ModelCalls calls, String client) {
    this.node = node;
    this.calls = calls;
    this.sandbox = client + "-box";
    this.inside = client + "-boxed";
  }

  /** How containers ended, by uid. */
  Map<String, ExitStatus> awaited() {
    return awaited;
  }

  /** Uids of sandboxes whose caisson-init was killed. */
  Set<String> lost() {
    return lost;
  }

  /** Returns how many operations that took, each counted once. */
  int live(Random random, String requestId) {
    operations = 0;
    Actor actor = TestNode.actor(requestId + "-box");
    switch (Life.values()[random.nextInt(Life.values().length)]) {
      case FULL -> fill(actor);
      case LOST -> lose(actor);
      case ROOTED -> endWithRoot(actor);
      case REMEMBERING -> remember(actor);
      case FORWARDING -> forward(actor);
    }
    remove(actor);
    return operations;
  }

  private void succeed(Supplier<?> call) {
    operations++;
    var _ = calls.patiently(call);
  }

  private Answer operate(Supplier<?> call) {
    operations++;
    return calls.until(call);
  }

  private void fill(Actor actor) {
    make(box(actor));
    create(request(inside, actor, SLEEP));
    assertThat(operate(() -> node.stub().deleteSandbox(deletion(actor, false))))
        .isEqualTo(new Answer.Refused(Reason.SANDBOX_NOT_EMPTY));
  }

  private void lose(Actor actor) {
    make(box(actor));
    create(request(inside, actor, SLEEP));
    start(inside, actor);
    var found = calls.patiently(() -> node.sandbox(sandbox));
    assertThat(ProcessHandle.of(found.getInitPid()).map(ProcessHandle::destroyForcibly))
        .contains(true);
    lost.add(found.getUid());
    assertThat(ended(inside).getLost()).isTrue();
    var next = request(inside + "-next", actor, SLEEP).setSandboxId(sandbox).build();
    assertThat(operate(() -> node.stub().createContainer(next)))
        .isEqualTo(new Answer.Refused(Reason.SANDBOX_LOST));
  }

  private void endWithRoot(Actor actor) {
    var root = request(sandbox, actor, SLEEP).build();
    succeed(() -> node.stub().createContainer(root));
    create(request(inside, actor, SLEEP));
    start(sandbox, actor);
    start(inside, actor);
    var kill =
        TestNode.signalRequest(sandbox)
            .setSignal(ModelClient.SIGKILL)
            .setActor(by(actor, "kill"))
            .build();
    assertThat(operate(() -> node.stub().signal(kill)))
        .isIn(new Answer.Accepted(), new Answer.Refused(Reason.WRONG_STATE));
    for (String id : List.of(sandbox, inside)) {
      ExitStatus exit = ended(id);
      assertThat(exit.getLost()).isFalse();
      assertThat(exit.getSignal()).isEqualTo(ModelClient.SIGKILL);
    }
  }

  private void remember(Actor actor) {
    Volume volume =
        Volume.newBuilder()
            .setName("data")
            .setType(Volume.Type.TMPFS)
            .setShare(Volume.Share.POD)
            .build();
    make(box(actor).addVolumes(volume));
    String kept = "kept by " + actor.getRequestId();
    runToEnd(actor, "echo " + kept + " > /data/file");
    runToEnd(actor, "test \"$(cat /data/file)\" = \"" + kept + "\"");
  }

  /** A container that has the volume. */
  private void runToEnd(Actor actor, String script) {
    Actor another = TestNode.actor(actor.getRequestId() + script.length());
    ContainerSpec.Builder spec = node.shell(script);
    spec.addMounts(
        Mount.newBuilder().setDestination("/data").setType("volume").setSource("data").build());
    create(node.request(inside, spec).setActor(by(another, "create")));
    start(inside, another);
    ExitStatus exit = ended(inside);
    assertThat(exit.getCode() + exit.getSignal()).as("%s: %s", script, exit).isZero();
    var deletion =
        TestNode.deleteRequest(inside, false).toBuilder().setActor(by(another, "delete")).build();
    assertThat(operate(() -> node.stub().deleteContainer(deletion)))
        .isIn(new Answer.Accepted(), new Answer.Refused(Reason.CONTAINER_NOT_FOUND));
  }

  private void forward(Actor actor) {
    make(box(actor));
    create(request(inside, actor, "exec nc -ll -p " + PORT + " -e cat"));
    start(inside, actor);
    TestNode.eventually("its server answers through a connection", this::isEchoed);
  }

  /** Not where it does not listen yet, nor where the executor is replaced meanwhile. */
  private boolean isEchoed() {
    ForwardedClient client = ForwardedClient.to(node, inside, PORT);
    if (!client.isOpened()) {
      return false;
    }
    client.send("hello");
    TestNode.eventually(
        "it is answered or cut", () -> client.hasEnded() || client.text().equals("hello"));
    return client.text().equals("hello");
  }

  private void remove(Actor actor) {
    Answer first = calls.answer(() -> node.stub().deleteSandbox(deletion(actor, true)));
    Answer last = operate(() -> node.stub().deleteSandbox(deletion(actor, true)));
    assertThat(last)
        .as("after %s", first)
        .isIn(new Answer.Accepted(), new Answer.Refused(Reason.SANDBOX_NOT_FOUND));
    assertThat(calls.until(() -> node.sandbox(sandbox)))
        .isEqualTo(new Answer.Refused(Reason.SANDBOX_NOT_FOUND));
    assertThat(calls.state(inside)).isEqualTo(Model.NONE);
    assertThat(calls.state(sandbox)).isEqualTo(Model.NONE);
  }

  // ---- Calls

  /** Each call has a request id of its own. */
  private static Actor by(Actor actor, String call) {
    return TestNode.actor(actor.getRequestId() + "-" + call);
  }

  private CreateSandboxRequest.Builder box(Actor actor) {
    return TestNode.sandboxRequest(sandbox).setActor(by(actor, "make"));
  }

  private DeleteSandboxRequest deletion(Actor actor, boolean force) {
    return TestNode.sandboxDeletion(sandbox)
        .setActor(by(actor, force ? "force" : "delete"))
        .setForce(force)
        .build();
  }

  private CreateContainerRequest.Builder request(String id, Actor actor, String script) {
    return node.request(id, node.shell(script)).setActor(by(actor, "create-" + id));
  }

  private void make(CreateSandboxRequest.Builder request) {
    succeed(() -> node.stub().createSandbox(request.build()));
  }

  private void create(CreateContainerRequest.Builder request) {
    var made = request.setSandboxId(sandbox).build();
    succeed(() -> node.stub().createContainer(made));
  }

  /** Where the answer was cut off it may have been started already. */
  private void start(String id, Actor actor) {
    var request = TestNode.startRequest(id).toBuilder().setActor(by(actor, "start-" + id)).build();
    operations++;
    Answer first = calls.answer(() -> node.stub().startContainer(request));
    if (first instanceof Answer.Unknown) {
      assertThat(calls.until(() -> node.stub().startContainer(request)))
          .isIn(new Answer.Accepted(), new Answer.Refused(Reason.WRONG_STATE));
    } else {
      assertThat(first).isEqualTo(new Answer.Accepted());
    }
  }

  private ExitStatus ended(String id) {
    ExitStatus exit = calls.patiently(() -> node.await(id));
    var container = calls.patiently(() -> node.get(id));
    assertThat(container.getState()).isEqualTo(ContainerState.STOPPED);
    awaited.put(container.getUid(), exit);
    return exit;
  }
}
