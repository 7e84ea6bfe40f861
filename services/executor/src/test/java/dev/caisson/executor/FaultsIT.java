package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.OpenFlag;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.DonatedDescriptors;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Each call to the kernel fails once, of the executor's own and of those in programs, and each
 * write to its store and journal: nothing is left then of what was begun, and the same request
 * succeeds when it is made again.
 */
class FaultsIT {
  /** Far more than any request makes. */
  private static final int MOST = 2000;

  private static final String HOOK = "/usr/bin/true";

  private final FaultyKernel faults = new FaultyKernel();
  private TestNode node;
  private Traces before;
  private Throwable error;

  @BeforeEach
  void launch() throws Exception {
    node = TestNode.launchOn(faults.kernel(), faults::disk);
    node.allow("hook = " + HOOK, "cgroup.paths = true");
    node.restart();
    node.deleteEverything(); // and is connected from now on
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  /** A container with what makes many descriptors, files and mounts. */
  private ContainerSpec.Builder spec() {
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getRootBuilder().setOverlay(Overlay.newBuilder().setMedium(Overlay.Medium.SELF));
    spec.getResourcesBuilder().getPidsBuilder().setLimit(10);
    spec.getProcessBuilder().setOomScoreAdj(500);
    spec.addMountsBuilder()
        .setDestination("/volume")
        .setType("bind")
        .setSource(node.base() + "/volumes");
    spec.addMountsBuilder().setDestination("/sys/fs/cgroup").setType("cgroup").addOptions("ro");
    return spec;
  }

  /**
   * One request after the other, of which each time a later call fails.
   *
   * @param after what must hold then, whether the request has succeeded all the same
   */
  private void eachCallOf(int least, Runnable request, Consumer<Boolean> after) {
    each(faults::failAfter, least, request, after);
  }

  /** The same of what is done by caisson-init. */
  private void eachStepOf(int least, Runnable request, Consumer<Boolean> after) {
    each(faults::failStepAfter, least, request, after);
  }

  private void each(IntConsumer failAfter, int least, Runnable request, Consumer<Boolean> after) {
    List<String> problems = new ArrayList<>();
    for (int others = 0; others < MOST; others++) {
      failAfter.accept(others);
      boolean done = succeeds(request);
      Optional<String> call = faults.outcome();
      try {
        after.accept(done);
      } catch (AssertionError | StatusRuntimeException e) {
        problems.add("after call " + others + ", " + call + ", failed: " + e.getMessage());
      }
      if (call.isEmpty()) {
        assertThat(problems).isEmpty();
        assertThat(done).as("without a fault: %s", error).isTrue();
        assertThat(others).isGreaterThan(least);
        return;
      }
    }
    throw new AssertionError("a request without end");
  }

  private boolean succeeds(Runnable request) {
    try {
      request.run();
      return true;
    } catch (StatusRuntimeException | CompletionException e) {
      Throwable cause = e instanceof CompletionException ? e.getCause() : e;
      error = cause;
      assertThat(Problem.of(cause).sentence()).hasSizeGreaterThan(10);
      return false;
    }
  }

  /** From now on it is this that is there; what has been left is told once. */
  private void begin() {
    before = Traces.settled(node);
  }

  private void nothingIsLeft() {
    try {
      TestNode.eventually("nothing is left", () -> Traces.of(node).equals(before));
    } catch (AssertionError e) {
      String more = Traces.of(node).beyond(before);
      begin();
      throw new AssertionError("left: " + more, e);
    }
  }

  /** Three descriptors that a caller has handed over: a stream, another one, and the program. */
  private CreateContainerRequest.Builder given(LocalCaller caller) {
    Kernel kernel = Kernel.open();
    try (Fd nothing = kernel.files().open(Path.of("/dev/null"), OpenFlag.READ_WRITE);
        Fd program = kernel.files().open(Path.of("/usr/bin/busybox"))) {
      List<String> tokens = caller.donate(nothing, nothing, program);
      return node.request("c", spec())
          .setDonated(
              DonatedDescriptors.newBuilder()
                  .setStdout(tokens.get(0))
                  .putPassed(9, tokens.get(1))
                  .setProgram(tokens.get(2)));
    }
  }

  @Test
  void ofACreationWithDonatedDescriptorsLeaveNothing() {
    try (LocalCaller first = LocalCaller.of(node)) {
      var _ = node.stub().createContainer(given(first).build());
    }
    node.delete("c", true);
    begin();
    AtomicReference<LocalCaller> caller = new AtomicReference<>(LocalCaller.of(node));
    AtomicReference<CreateContainerRequest> request =
        new AtomicReference<>(given(caller.get()).build());
    eachCallOf(
        50,
        () -> {
          var _ = node.stub().createContainer(request.get());
        },
        done -> {
          caller.get().close();
          if (done) {
            node.delete("c", true);
          }
          nothingIsLeft();
          caller.set(LocalCaller.of(node));
          request.set(given(caller.get()).build());
        });
    caller.get().close();
    nothingIsLeft();
  }

  @Test
  void ofACreationLeaveNothing() {
    node.create("c", spec());
    node.delete("c", true);
    begin();
    eachCallOf(
        50,
        () -> node.create("c", spec()),
        done -> {
          if (!done) {
            nothingIsLeft();
            node.create("c", spec());
          }
          node.delete("c", true);
          nothingIsLeft();
        });
  }

  @Test
  void ofACreationInACgroupThatWasNamedLeaveNothing() {
    String named = node.cgroupParent() + "/pod";
    node.create("c", spec().setCgroupsPath(named));
    node.delete("c", true);
    begin();
    eachCallOf(
        50,
        () -> {
          node.create("c", spec().setCgroupsPath(named));
          node.createIn("c", "other", spec().setCgroupsPath(named + "/other"));
        },
        done -> {
          node.deleteEverything();
          nothingIsLeft();
        });
  }

  @Test
  void ofAProgramOfACreationLeaveNothing() {
    node.create("c", stepped());
    node.delete("c", true);
    begin();
    eachStepOf(
        100,
        () -> node.create("c", stepped()),
        done -> {
          if (!done) {
            nothingIsLeft();
            node.create("c", stepped());
          }
          // What a step of the start has to do with is found out then.
          if (!succeeds(() -> node.start("c"))) {
            node.delete("c", true);
            nothingIsLeft();
            node.started("c", stepped());
          }
          node.delete("c", true);
          nothingIsLeft();
        });
  }

  /** With hooks of every kind. */
  private ContainerSpec.Builder hooked() {
    ContainerSpec.Builder spec = spec();
    Hook.Builder host = Hook.newBuilder().setPath(HOOK);
    Hook.Builder inside = Hook.newBuilder().setPath("/bin/true").addArgs("true");
    spec.getHooksBuilder()
        .addPrestart(host)
        .addCreateRuntime(host)
        .addCreateContainer(host)
        .addStartContainer(inside)
        .addPoststart(host)
        .addPoststop(host);
    return spec;
  }

  @Test
  void ofACreationWithHooksLeaveNothing() {
    node.create("c", hooked());
    node.delete("c", true);
    begin();
    eachCallOf(
        60,
        () -> node.create("c", hooked()),
        done -> {
          if (!done) {
            nothingIsLeft();
            node.create("c", hooked());
          }
          node.start("c");
          node.delete("c", true);
          nothingIsLeft();
        });
  }

  /** What nearly every container has. */
  private ContainerSpec.Builder stepped() {
    ContainerSpec.Builder spec = spec();
    spec.addMaskedPaths("/proc/kcore").addReadonlyPaths("/proc/sys");
    spec.getProcessBuilder().getUserBuilder().setUid(1000);
    return spec;
  }

  @Test
  void ofAProgramOfAnExecLeaveNothingInTheContainer() {
    node.started("c", spec());
    assertThat(node.exec("c", "true").ended().code()).isZero();
    begin();
    eachStepOf(
        20,
        () -> assertThat(node.exec("c", "true").ended().code()).isZero(),
        done -> {
          nothingIsLeft();
          assertThat(node.exec("c", "true").ended().code()).isZero();
          assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);
        });
  }

  /** One that has not executed its program yet can be started again. */
  @Test
  void ofAStartLeaveAContainerThatCanBeStartedOrDeleted() {
    node.started("c", hooked());
    node.delete("c", true);
    begin();
    node.create("c", hooked());
    AtomicInteger again = new AtomicInteger();
    eachCallOf(
        10,
        () -> node.start("c"),
        done -> {
          boolean repeated = node.state("c") == ContainerState.CREATED;
          if (repeated) {
            again.incrementAndGet();
            node.start("c");
          }
          assertThat(node.state("c"))
              .isEqualTo(done || repeated ? ContainerState.RUNNING : ContainerState.STOPPED);
          node.delete("c", true);
          nothingIsLeft();
          node.create("c", hooked());
        });
    assertThat(again).hasPositiveValue();
  }

  @Test
  void ofAPauseOrItsEndLeaveWhatWasThere() {
    node.started("c", spec());
    node.pause("c");
    node.resume("c");
    begin();
    eachCallOf(
        2,
        () -> node.pause("c"),
        done -> {
          isWhatItSays();
          if (!done) {
            node.pause("c");
          }
          node.resume("c");
        });
    node.pause("c");
    eachCallOf(
        2,
        () -> node.resume("c"),
        done -> {
          isWhatItSays();
          if (!done) {
            node.resume("c");
          }
          node.pause("c");
        });
    node.delete("c", true);
  }

  @Test
  void ofAnUpdateChangeAllOrNothing() {
    node.started("c", spec());
    node.update("c", limits(50));
    begin();
    eachCallOf(
        10,
        () -> node.update("c", limits(60)),
        done -> {
          Container now = node.get("c");
          int limit = done ? 60 : 50;
          assertThat(now.getSpec().getResources()).isEqualTo(limits(limit));
          assertThat(LimitsInForce.pids(now.getCgroup())).isEqualTo(Integer.toString(limit));
          assertThat(LimitsInForce.memory(now.getCgroup()))
              .isEqualTo(Integer.toString(limit << 20));
          node.update("c", limits(50));
        });
    node.delete("c", true);
  }

  private static Resources limits(int number) {
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit((long) number << 20);
    limits.getPidsBuilder().setLimit(number);
    return limits.build();
  }

  private void isWhatItSays() {
    assertThat(Frozen.is(node.get("c").getCgroup()))
        .isEqualTo(node.state("c") == ContainerState.PAUSED);
  }

  @Test
  void ofAnExecLeaveNothingInTheContainer() {
    node.started("c", spec());
    assertThat(node.exec("c", "true").ended().code()).isZero();
    begin();
    eachCallOf(
        20,
        () -> assertThat(node.exec("c", "true").ended().code()).isZero(),
        done -> {
          nothingIsLeft();
          assertThat(node.exec("c", "true").ended().code()).isZero();
          nothingIsLeft();
          assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);
        });
  }

  /** Where only its sandbox is left, the executor goes on with that by itself. */
  private void deleteIfThere() {
    try {
      node.delete("c", true);
    } catch (StatusRuntimeException e) {
      Problem.of(e).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    }
  }

  /** What could not even be written down is refused. */
  private boolean notBegun(String call) {
    boolean refused =
        call.startsWith(FaultyKernel.WRITE)
            && node
                .stub()
                .listContainers(ListContainersRequest.getDefaultInstance())
                .getContainersList()
                .stream()
                .anyMatch(one -> one.getState() == ContainerState.RUNNING);
    if (refused) {
      node.delete("c", true);
    }
    return refused;
  }

  /** The caller need not come back. */
  @Test
  void ofADeletionAreMadeGoodByTheExecutor() {
    node.started("c", spec());
    node.delete("c", true);
    begin();
    int made = 0;
    for (int others = 0; others < 40; others += 3) {
      node.started("c", spec());
      faults.failAfter(others);
      boolean done = succeeds(() -> node.delete("c", true));
      Optional<String> call = faults.outcome();
      made += done || notBegun(call.orElseThrow()) ? 0 : 1;
      nothingIsLeft();
    }
    assertThat(made).isPositive();
  }

  @Test
  void ofADeletionLeaveOneThatCanBeRepeated() {
    node.started("c", spec());
    node.delete("c", true);
    begin();
    node.started("c", spec());
    eachCallOf(
        5,
        () -> node.delete("c", true),
        done -> {
          if (!done) {
            deleteIfThere();
          }
          nothingIsLeft();
          node.started("c", spec());
        });
  }
}
