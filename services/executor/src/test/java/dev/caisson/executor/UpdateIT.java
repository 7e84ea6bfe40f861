package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.store.Store;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.ResourcesUpdated;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Limits of what runs are changed, in the kernel, in the store and in the record alike. */
class UpdateIT extends OnNode {
  private static final int MOST_PIDS = 1000;
  private static final long MEGABYTE = 1 << 20;

  /** Read by one test after the other. */
  private static ModelRecord record;

  @BeforeAll
  static void boundProcesses() throws Exception {
    allow("limits.pids = " + MOST_PIDS);
    record = new ModelRecord(node);
  }

  private static ContainerSpec.Builder spec(String... args) {
    ContainerSpec.Builder spec = node.spec(args);
    spec.getResourcesBuilder().getPidsBuilder().setLimit(100);
    return spec;
  }

  private static Resources pids(long limit) {
    return Resources.newBuilder().setPids(Resources.Pids.newBuilder().setLimit(limit)).build();
  }

  private static Resources memory(long limit) {
    return Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(limit)).build();
  }

  private static Resources quota(long quota) {
    return Resources.newBuilder().setCpu(Resources.Cpu.newBuilder().setQuota(quota)).build();
  }

  private static Resources both(int number) {
    return memory((50 + number) * MEGABYTE).toBuilder().mergeFrom(pids(50 + number)).build();
  }

  /** Of the newest sandbox of this id, which has been deleted. */
  private static List<Event> updatesOf(String sandbox) throws Exception {
    node.createSandbox("mark");
    node.deleteSandbox("mark", false);
    List<Event> events =
        record.upToDeletionOf("mark").stream()
            .filter(event -> event.getSubject().getSandboxId().equals(sandbox))
            .toList();
    String newest = events.getLast().getSubject().getSandboxUid();
    return events.stream()
        .filter(event -> event.getSubject().getSandboxUid().equals(newest))
        .filter(Event::hasResourcesUpdated)
        .toList();
  }

  @Test
  void aContainerFeelsItAtOnceAndItIsRecorded() throws Exception {
    Container made = node.started("c", spec("sleep", "60"));
    Container updated = node.update("c", pids(2));

    assertThat(updated.getSpec().getResources().getPids().getLimit()).isEqualTo(2);
    assertThat(node.get("c")).isEqualTo(updated);
    assertThat(LimitsInForce.pids(made.getCgroup())).isEqualTo("2");
    assertThat(node.exec("c", "sh", "-c", "true & true & wait").ended().err()).contains("fork");

    node.update("c", pids(MOST_PIDS));
    assertThat(node.exec("c", "sh", "-c", "true & true & wait").ended().err()).isEmpty();
    node.delete("c", true);

    List<Event> events = updatesOf("c");
    assertThat(events)
        .extracting(Event::getPhase)
        .containsExactly(Phase.INTENT, Phase.OUTCOME, Phase.INTENT, Phase.OUTCOME);
    assertThat(events.getFirst().getResourcesUpdated())
        .isEqualTo(
            ResourcesUpdated.newBuilder().setTarget("container").setResources(pids(2)).build());
    assertThat(events.get(1).getSubject().getContainerId()).isEqualTo("c");
    assertThat(events.get(1).getActor().getPrincipal()).isEqualTo("uid:1000");
    assertThat(events.get(1).getResourcesUpdated().getChangesList())
        .containsExactly(
            ResourcesUpdated.Change.newBuilder()
                .setFile("pids.max")
                .setBefore("100")
                .setAfter("2")
                .build());
  }

  @Test
  void whatIsAbsentStays() {
    ContainerSpec.Builder spec = spec("sleep", "60");
    spec.getResourcesBuilder().getMemoryBuilder().setLimit(64 * MEGABYTE);
    spec.getResourcesBuilder().getCpuBuilder().setQuota(50_000).setPeriod(200_000);
    Container made = node.started("c", spec);

    Resources now = node.update("c", memory(32 * MEGABYTE)).getSpec().getResources();
    Resources.Builder expected = spec.getResources().toBuilder();
    expected.getMemoryBuilder().setLimit(32 * MEGABYTE);
    assertThat(now).isEqualTo(expected.build());
    assertThat(LimitsInForce.memory(made.getCgroup())).isEqualTo(Long.toString(32 * MEGABYTE));
    assertThat(LimitsInForce.pids(made.getCgroup())).isEqualTo("100");

    assertThat(node.update("c", quota(60_000)).getSpec().getResources().getCpu().getPeriod())
        .isEqualTo(200_000);
  }

  @Test
  void aSandboxIsBoundedAroundItsContainers() throws Exception {
    Sandbox made = node.createSandbox("box");
    for (String id : List.of("a", "b")) {
      node.createIn("box", id, spec("sleep", "60"));
      node.start(id);
    }
    Sandbox updated = node.updateSandbox("box", pids(4));

    assertThat(updated.getResources()).isEqualTo(pids(4));
    assertThat(node.sandbox("box")).isEqualTo(updated);
    assertThat(LimitsInForce.pids(made.getCgroup())).isEqualTo("4");
    assertThat(node.exec("a", "sh", "-c", "true & true & wait").ended().err()).contains("fork");
    node.deleteSandbox("box", true);
    assertThat(updatesOf("box"))
        .allMatch(event -> event.getResourcesUpdated().getTarget().equals("sandbox"))
        .allMatch(event -> event.getSubject().getContainerId().isEmpty())
        .hasSize(2);
  }

  @Test
  void aSandboxIsNotGivenLessThanAContainerInItHas() {
    assumeTrue(LimitsInForce.inVersion1("cpu"), "Skipped: cgroup v2 lets each have what it likes");
    node.createSandbox("box");
    ContainerSpec.Builder spec = spec("sleep", "60");
    spec.getResourcesBuilder().getCpuBuilder().setQuota(50_000);
    node.createIn("box", "c", spec);

    Problem.of(() -> node.updateSandbox("box", quota(40_000)))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("lower that first", "Nothing was changed.");
    assertThat(node.sandbox("box").getResources().getCpu().hasQuota()).isFalse();
    node.updateSandbox("box", quota(50_000));
    Problem.of(() -> node.update("c", quota(60_000)))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("not be a larger part");
  }

  @Test
  void inEveryStateButAfterTheEnd() {
    node.create("c", spec("sleep", "60"));
    node.update("c", pids(50));
    node.start("c");
    node.update("c", pids(60));
    node.pause("c");
    Container paused = node.update("c", pids(70));
    assertThat(Frozen.is(paused.getCgroup())).isTrue();
    node.resume("c");
    node.signal("c", 9);
    node.await("c");

    Problem.of(() -> node.update("c", pids(80)))
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE)
        .says("Cannot update container c: it is stopped");
    assertThat(node.get("c").getSpec().getResources()).isEqualTo(pids(70));
  }

  @Test
  void theGuardsRulesHoldForThem() {
    Container made = node.create("c", spec("sleep", "60"));
    for (long limit : List.of(-1L, MOST_PIDS + 1L)) {
      Problem.of(() -> node.update("c", pids(limit)))
          .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
          .says("resources.pids.limit");
    }
    Problem.of(() -> node.update("c", memory(1)))
        .is(Status.Code.INVALID_ARGUMENT, Reason.LIMIT_TOO_LOW);
    Problem.of(() -> node.update("c", Resources.getDefaultInstance()))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("have a limit");
    Resources.Builder device = pids(5).toBuilder();
    device.addDevicesBuilder().setAllow(true);
    Problem.of(() -> node.update("c", device.build()))
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC)
        .says("settled when a container is made");
    assertThat(LimitsInForce.pids(made.getCgroup())).isEqualTo("100");
    assertThat(node.get("c")).isEqualTo(made);
  }

  @Test
  void anotherTenantsIsNotThere() {
    node.create("c", spec("sleep", "60"));
    UpdateContainerRequest container =
        UpdateContainerRequest.newBuilder()
            .setActor(TestNode.actor())
            .setTenant("others")
            .setContainerId("c")
            .setResources(pids(5))
            .build();
    Problem.of(() -> node.stub().updateContainer(container))
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    UpdateSandboxRequest sandbox =
        UpdateSandboxRequest.newBuilder()
            .setActor(TestNode.actor())
            .setTenant("others")
            .setSandboxId("c")
            .setResources(pids(5))
            .build();
    Problem.of(() -> node.stub().updateSandbox(sandbox))
        .is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
  }

  /** Version 2 kills instead. */
  @Test
  void moreThanIsUsedCannotBeTakenAway() throws Exception {
    assumeTrue(
        LimitsInForce.inVersion1("memory"), "Skipped: cgroup v2 takes every limit, and kills");
    assumeTrue(
        Files.readAllLines(Path.of("/proc/swaps")).size() == 1, "Skipped: memory can be swapped");
    ContainerSpec.Builder spec = spec("tail", "-c", "32m", "/dev/zero");
    spec.getResourcesBuilder().getMemoryBuilder().setLimit(128 * MEGABYTE);
    Container made = node.started("c", spec);
    TestNode.eventually("it has its memory", () -> used(made) > 24 * MEGABYTE);
    Resources.Builder less = memory(8 * MEGABYTE).toBuilder();
    less.getCpuBuilder().setShares(512);

    Problem.of(() -> node.update("c", less.build()))
        .is(Status.Code.FAILED_PRECONDITION, Reason.LIMIT_IN_USE)
        .says("Cannot update container c, since more is used", "Nothing was changed.");
    assertThat(LimitsInForce.memory(made.getCgroup())).isEqualTo(Long.toString(128 * MEGABYTE));
    assertThat(node.get("c").getSpec()).isEqualTo(made.getSpec());
    node.delete("c", true);
    Event outcome = updatesOf("c").getLast();
    assertThat(outcome.getFailure().getReason()).isEqualTo("LIMIT_IN_USE");
    assertThat(outcome.getFailure().getMessage()).endsWith("Nothing was changed.");
  }

  private static long used(Container container) {
    return Long.parseLong(
        LimitsInForce.read("memory", container.getCgroup(), "memory.usage_in_bytes"));
  }

  @Test
  void ofManyAtOnceEachIsWhole() {
    Container made = node.started("c", spec("sleep", "60"));
    List<CompletableFuture<Void>> all =
        IntStream.rangeClosed(1, 24)
            .mapToObj(number -> CompletableFuture.runAsync(() -> node.update("c", both(number))))
            .toList();
    var exec = node.exec("c", "true");
    all.forEach(CompletableFuture::join);
    assertThat(exec.ended().code()).isZero();
    isWhole(node, made);
  }

  /** Record and kernel have both halves of the same update. */
  private static void isWhole(TestNode of, Container container) {
    Resources now = of.get("c").getSpec().getResources();
    long number = now.getPids().getLimit();
    assertThat(now).isEqualTo(both((int) number - 50));
    assertThat(LimitsInForce.pids(container.getCgroup())).isEqualTo(Long.toString(number));
    assertThat(LimitsInForce.memory(container.getCgroup()))
        .isEqualTo(Long.toString(number * MEGABYTE));
  }

  @Test
  void theNextExecutorKnowsThem() throws Exception {
    node.started("c", spec("sleep", "60"));
    Container updated = node.update("c", both(1));
    Sandbox around = node.updateSandbox("c", both(2));
    node.restart();

    assertThat(node.get("c")).isEqualTo(updated);
    assertThat(node.sandbox("c")).isEqualTo(around);
  }

  /** As where it dies between the first control file and the last. */
  @Test
  void theNextExecutorFinishesWhatWasBegun() throws Exception {
    Container container = node.started("c", spec("sleep", "60"));
    Sandbox around = node.sandbox("c");
    Cgroups cgroups = Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"));
    node.shut();
    cgroups.open(container.getCgroup()).update(memory(51 * MEGABYTE));
    begin(container.getUid(), around.getUid());
    node.open();

    isWhole(node, container);
    assertThat(LimitsInForce.pids(container.getCgroup())).isEqualTo("51");
    assertThat(node.sandbox("c").getResources()).isEqualTo(both(2));
    assertThat(LimitsInForce.pids(around.getCgroup())).isEqualTo("52");
    node.restart();
    isWhole(node, container);
    node.delete("c", true);

    assertThat(updatesOf("c"))
        .hasSize(2)
        .allMatch(event -> event.getPhase() == Phase.OBSERVATION)
        .allMatch(event -> event.getResourcesUpdated().getChangesCount() > 0);
  }

  private static void begin(String container, String sandbox) {
    try (Store store = Store.open(node.data().resolve("store"))) {
      for (ContainerRecord one : store.load().containers()) {
        if (one.getUid().equals(container)) {
          store.put(one.toBuilder().setUpdating(both(1)).build());
        }
      }
      for (SandboxRecord one : store.load().sandboxes()) {
        if (one.getUid().equals(sandbox)) {
          store.put(one.toBuilder().setUpdating(both(2)).build());
        }
      }
    }
  }

  @Test
  void whatCannotBeFinishedIsSaid() throws Exception {
    Container container = node.started("c", spec("sleep", "60"));
    Resources impossible =
        Resources.newBuilder().setCpu(Resources.Cpu.newBuilder().setCpus("4095")).build();
    node.shut();
    try (Store store = Store.open(node.data().resolve("store"))) {
      for (ContainerRecord one : store.load().containers()) {
        store.put(one.toBuilder().setUpdating(impossible).build());
      }
    }
    node.open();

    assertThat(node.stub().getNode(GetNodeRequest.getDefaultInstance()).getMissingList())
        .anyMatch(sentence -> sentence.contains("update of the limits of container c was cut off"));
    assertThat(node.get("c").getSpec().getResources()).isEqualTo(pids(100));
    assertThat(LimitsInForce.pids(container.getCgroup())).isEqualTo("100");
    assertThat(node.exec("c", "true").ended().code()).isZero();
  }

  @Test
  void whereverItIsKilledKernelAndRecordAgree() throws Exception {
    try (TestNode apart = TestNode.launchApart()) {
      Container container = apart.started("c", apart.spec("sleep", "60"));
      for (int round = 1; round <= 3; round++) {
        CompletableFuture<Integer> updating =
            CompletableFuture.supplyAsync(() -> untilItBreaks(apart));
        TestNode.eventually(
            "it is updated", () -> apart.get("c").getSpec().getResources().hasPids());
        apart.replace(true);
        assertThat(updating.join()).isPositive();
        isWhole(apart, container);
      }
    }
  }

  private static int untilItBreaks(TestNode apart) {
    int number = 0;
    try {
      while (true) {
        number++;
        apart.update("c", both(number % 100));
      }
    } catch (StatusRuntimeException e) {
      return number;
    }
  }
}
