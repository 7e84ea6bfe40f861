package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Hook;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A container while it is being made, which takes as long as its hooks do. */
class CreatingIT {
  private TestNode node;
  private Path hook;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch("limits.hook-timeout-seconds = 60");
    hook = node.base().resolve("hooks/hook");
    node.allow("hook = " + hook);
    node.restart();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private void does(String script) throws IOException {
    Files.writeString(hook, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Hook.Builder call(String... args) {
    return Hook.newBuilder()
        .setPath(hook.toString())
        .addArgs("hook")
        .addAllArgs(java.util.List.of(args));
  }

  private Path said() {
    return node.base().resolve("said");
  }

  @Test
  void aHookMayAskForTheStateOfItsContainer() throws Exception {
    does("echo > " + said() + "; while [ ! -e $1 ]; do sleep 0.02; done");
    Path made = node.base().resolve("made");
    Path started = node.base().resolve("started");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder()
        .addCreateRuntime(call(made.toString()))
        .addPoststart(call(started.toString()));
    var creation = node.future().createContainer(node.request("c", spec).build());
    TestNode.eventually("the hook runs", () -> Files.exists(said()));
    assertThat(node.get("c").getState()).isEqualTo(ContainerState.CREATING);
    assertThat(node.get("c").getPid()).isPositive();
    assertThat(node.get("c").getSpec().getProcess()).isEqualTo(spec.getProcess());
    assertThat(creation.isDone()).isFalse();
    Files.createFile(made);
    assertThat(creation.get().getState()).isEqualTo(ContainerState.CREATED);

    var start = node.future().startContainer(TestNode.startRequest("c"));
    TestNode.eventually("it runs", () -> node.state("c") == ContainerState.RUNNING);
    assertThat(start.isDone()).isFalse();
    Files.createFile(started);
    assertThat(start.get().getState()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void whatIsBeingMadeIsOnlyLookedAt() throws Exception {
    Path go = node.base().resolve("go");
    does("echo > " + said() + "; while [ ! -e " + go + " ]; do sleep 0.02; done; exit 1");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addCreateRuntime(call());
    var creation = node.future().createContainer(node.request("c", spec).build());
    TestNode.eventually("the hook runs", () -> Files.exists(said()));

    Problem.of(() -> node.start("c"))
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE)
        .says("it is creating, and must be created");
    Problem.of(() -> node.signal("c", 15)).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    Problem.of(() -> node.pause("c")).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    Problem.of(() -> node.delete("c")).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    Problem.of(node.exec("c", "true").failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    Problem.of(() -> node.create("c", spec))
        .is(Status.Code.ALREADY_EXISTS, Reason.CONTAINER_EXISTS);
    var end = node.future().wait(TestNode.waitRequest("c", ""));
    assertThat(creation.isDone()).isFalse();
    assertThat(end.isDone()).isFalse();

    Files.createFile(go);
    assertThatThrownBy(creation::get).hasMessageContaining("createRuntime[0]");
    assertThatThrownBy(end::get).hasMessageContaining("There is no container c any more.");
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  /** Its maker undoes it, and frees its id: a second who did could free it for a third. */
  @Test
  void whatCouldNotBeMadeIsNotThereToBeDeleted() throws Exception {
    Path go = node.base().resolve("go");
    does("echo > " + said() + "; while [ ! -e " + go + " ]; do sleep 0.02; done; exit 1");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addCreateRuntime(call());
    var creation = node.future().createContainer(node.request("c", spec).build());
    TestNode.eventually("the hook runs", () -> Files.exists(said()));
    int pid = node.get("c").getPid();
    var deletion = node.future().deleteContainer(TestNode.deleteRequest("c", true));
    TestNode.eventually(
        "it is killed, by who waits for his turn next", () -> !ProcessHandle.of(pid).isPresent());
    Files.createFile(go);
    assertThatThrownBy(creation::get).hasMessageContaining("createRuntime[0]");
    assertThatThrownBy(deletion::get).hasMessageContaining("There is no container c any more.");
    assertThat(Recorded.of(node)).noneMatch(Event::hasContainerDeleted);
  }

  @Test
  void theSameRequestAgainWaitsForTheCreation() throws Exception {
    Path go = node.base().resolve("go");
    does("echo >> " + said() + "; while [ ! -e " + go + " ]; do sleep 0.02; done");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addCreateRuntime(call());
    var request = node.request("c", spec);
    request.getActorBuilder().setRequestId(node.newId("once"));
    var first = node.future().createContainer(request.build());
    TestNode.eventually("the hook runs", () -> Files.exists(said()));
    var second = node.future().createContainer(request.build());
    var third = node.future().createContainer(request.build());
    Files.createFile(go);
    assertThat(second.get().getUid()).isEqualTo(first.get().getUid());
    assertThat(third.get().getState()).isEqualTo(ContainerState.CREATED);
    assertThat(Files.readAllLines(said())).hasSize(1);
  }

  @Test
  void theSameRequestAgainIsToldThatTheCreationHasFailed() throws Exception {
    Path go = node.base().resolve("go");
    does("echo >> " + said() + "; while [ ! -e " + go + " ]; do sleep 0.02; done; exit 1");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder().addCreateRuntime(call());
    var request = node.request("c", spec);
    request.getActorBuilder().setRequestId(node.newId("once"));
    var first = node.future().createContainer(request.build());
    TestNode.eventually("the hook runs", () -> Files.exists(said()));
    var second = node.future().createContainer(request.build());
    Files.createFile(go);
    assertThatThrownBy(first::get).hasMessageContaining("createRuntime[0]");
    // Or, where it comes later than that, has the hook run once more.
    assertThatThrownBy(second::get).hasMessageMatching(".*(no container c|createRuntime\\[0]).*");
  }
}
