package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.caisson.executor.cgroup.Allotted;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.TenantQuota;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class AllotmentsTest {
  private static final String TENANT = "t";
  private static final TenantQuota NONE = TenantQuota.getDefaultInstance();

  private final Allotments allotments = new Allotments();

  private static Allotted memory(long bytes) {
    return new Allotted(OptionalLong.of(bytes), OptionalLong.empty());
  }

  private static Allotted cpu(long millis) {
    return new Allotted(OptionalLong.empty(), OptionalLong.of(millis));
  }

  private static TenantQuota ofCpu(long millis) {
    return TenantQuota.newBuilder().setCpuMillis(millis).build();
  }

  private static TenantQuota ofMemory(long bytes) {
    return TenantQuota.newBuilder().setMemoryBytes(bytes).build();
  }

  private static Refusal refused(ThrowingCallable call) {
    RefusedException refused = catchThrowableOfType(RefusedException.class, call);
    assertThat(refused).isNotNull();
    return refused.refusal();
  }

  @Test
  void countsSandboxesAndContainersOfTheTenant() {
    TenantQuota two = TenantQuota.newBuilder().setSandboxes(2).setContainers(1).build();
    allotments.takeSandbox(TENANT, "a", Allotted.UNLIMITED, Optional.of(Allotted.UNLIMITED), two);
    allotments.takeSandbox(TENANT, "b", Allotted.UNLIMITED, Optional.empty(), two);
    Refusal third =
        refused(
            () -> allotments.takeSandbox(TENANT, "c", Allotted.UNLIMITED, Optional.empty(), two));
    assertThat(third.reason()).isEqualTo(Reason.QUOTA_EXCEEDED);
    assertThat(third.message())
        .startsWith("tenants/t may have 2 sandboxes on this node, has 2 and would have 3:");
    assertThat(third.metadata())
        .isEqualTo(Map.of("tenant", "t", "quota", "sandboxes", "limit", "2"));
    assertThat(
            refused(() -> allotments.takeContainer(TENANT, "b", "x", Allotted.UNLIMITED, two))
                .metadata())
        .containsEntry("quota", "containers");
    allotments.takeSandbox("other", "c", Allotted.UNLIMITED, Optional.empty(), two);
    allotments.leaveContainer(TENANT, "a", "a");
    allotments.takeContainer(TENANT, "b", "x", Allotted.UNLIMITED, two);
    allotments.leaveSandbox(TENANT, "a");
    allotments.takeSandbox(TENANT, "c", Allotted.UNLIMITED, Optional.empty(), two);
  }

  @Test
  void aSandboxesOwnLimitIsAroundThoseInIt() {
    allotments.takeSandbox(TENANT, "a", memory(60), Optional.empty(), ofMemory(100));
    allotments.takeContainer(TENANT, "a", "x", memory(50), ofMemory(100));
    allotments.takeContainer(TENANT, "a", "y", Allotted.UNLIMITED, ofMemory(100));
    allotments.takeSandbox(TENANT, "b", Allotted.UNLIMITED, Optional.of(memory(40)), ofMemory(100));
    assertThat(
            refused(() ->
                    allotments.takeSandbox(TENANT, "c", memory(1), Optional.empty(), ofMemory(100)))
                .message())
        .contains("100 bytes of memory by limits on this node, has 100 and would have 101");
    allotments.leaveSandbox(TENANT, "a"); // with those that are in it, one after the other
    allotments.leaveContainer(TENANT, "a", "x");
    allotments.leaveContainer(TENANT, "a", "y");
    allotments.takeSandbox(TENANT, "c", memory(60), Optional.empty(), ofMemory(100));
  }

  /** What one container leaves in a file or a segment is its sandbox's. */
  @Test
  void aSandboxThatContainersShareNeedsALimitOfMemory() {
    allotments.takeSandbox(TENANT, "pod", Allotted.UNLIMITED, Optional.empty(), ofMemory(100));
    ThrowingCallable first =
        () -> allotments.takeContainer(TENANT, "pod", "pod", memory(10), ofMemory(100));
    assertThat(refused(first).reason()).isEqualTo(Reason.LIMIT_REQUIRED);
    allotments.takeSandbox(
        TENANT, "own", Allotted.UNLIMITED, Optional.of(memory(10)), ofMemory(100));
    ThrowingCallable second =
        () -> allotments.takeContainer(TENANT, "own", "more", memory(10), ofMemory(100));
    assertThat(refused(second).message())
        .isEqualTo(
            "tenants/t has a quota of this: set resources.memory.limit of the sandbox, or of the"
                + " container that has one for itself.");
    allotments.changeSandbox(TENANT, "own", List.of(memory(90)), ofMemory(100));
    allotments.takeContainer(TENANT, "own", "more", Allotted.UNLIMITED, ofMemory(100));
    assertThat(
            refused(() ->
                    allotments.changeSandbox(
                        TENANT, "own", List.of(Allotted.UNLIMITED), ofMemory(100)))
                .reason())
        .isEqualTo(Reason.LIMIT_REQUIRED);
  }

  @Test
  void theContainerThatASandboxWasMadeForGoesWithIt() {
    TenantQuota one = TenantQuota.newBuilder().setContainers(1).build();
    allotments.takeSandbox(TENANT, "a", memory(1), Optional.of(memory(9)), one);
    allotments.leaveSandbox(TENANT, "a");
    assertThat(allotments.size()).isZero();
    allotments.leaveContainer(TENANT, "a", "a");
    allotments.takeSandbox(TENANT, "b", memory(1), Optional.of(memory(9)), one);
  }

  @Test
  void whatHasNoLimitIsRefusedWhereThereIsAQuotaOfIt() {
    TenantQuota quota = ofCpu(4000);
    Refusal refusal = refused(() -> allotments.takeContainer(TENANT, "a", "a", memory(1), quota));
    assertThat(refusal.reason()).isEqualTo(Reason.LIMIT_REQUIRED);
    assertThat(refusal.metadata()).isEqualTo(Map.of("field", "resources.cpu.quota"));
    assertThat(allotments.size()).isZero();
    allotments.takeContainer(TENANT, "a", "a", memory(1), NONE);
    allotments.takeContainer(TENANT, "a", "b", cpu(4000), quota); // the earlier one is not counted
    assertThat(refused(() -> allotments.takeContainer(TENANT, "a", "c", cpu(1), quota)).reason())
        .isEqualTo(Reason.QUOTA_EXCEEDED);
    assertThat(refused(() -> allotments.takeContainer(TENANT, "a", "b", memory(1), quota)).reason())
        .isEqualTo(Reason.LIMIT_REQUIRED);
  }

  @Test
  void whatIsBeyondALowerQuotaStaysAndCanBecomeLess() {
    allotments.takeContainer(TENANT, "a", "a", cpu(100), NONE);
    allotments.takeContainer(TENANT, "a", "a", cpu(90), ofCpu(10));
    assertThat(
            refused(() -> allotments.takeContainer(TENANT, "a", "a", cpu(91), ofCpu(10))).reason())
        .isEqualTo(Reason.QUOTA_EXCEEDED);
    allotments.leaveContainer(TENANT, "a", "a");
    allotments.leaveContainer(TENANT, "a", "a");
    assertThat(allotments.size()).isZero();
  }

  /** Whichever comes out of it. */
  @Test
  void whileLimitsAreChangedMoreOfTheTwoCounts() {
    allotments.takeContainer(TENANT, "a", "a", cpu(60), ofCpu(100));
    allotments.takeContainer(TENANT, "a", "a", List.of(cpu(60), cpu(10)), ofCpu(100));
    assertThat(refused(() -> allotments.takeContainer(TENANT, "b", "b", cpu(41), ofCpu(100))))
        .isNotNull();
    allotments.takeContainer(TENANT, "a", "a", cpu(10), NONE);
    allotments.takeContainer(TENANT, "b", "b", cpu(90), ofCpu(100));
    assertThat(
            refused(() ->
                    allotments.takeContainer(
                        TENANT, "a", "a", List.of(cpu(10), cpu(11)), ofCpu(100)))
                .reason())
        .isEqualTo(Reason.QUOTA_EXCEEDED);
  }

  @Test
  void aSandboxGetsALimitOnlyWithinTheQuota() {
    TenantQuota quota = ofMemory(100);
    allotments.takeSandbox(TENANT, "s", Allotted.UNLIMITED, Optional.empty(), quota);
    assertThat(
            refused(() ->
                    allotments.changeSandbox(
                        TENANT, "s", List.of(Allotted.UNLIMITED, memory(1 << 30)), quota))
                .reason())
        .isEqualTo(Reason.QUOTA_EXCEEDED);
    allotments.changeSandbox(TENANT, "s", List.of(Allotted.UNLIMITED, memory(100)), quota);
    assertThat(
            refused(() -> allotments.takeSandbox(TENANT, "t", memory(1), Optional.empty(), quota))
                .reason())
        .isEqualTo(Reason.QUOTA_EXCEEDED);
    allotments.changeSandbox(TENANT, "s", List.of(memory(100)), NONE);
    // Taken away, and taken back: none of it is anybody else's meanwhile.
    allotments.changeSandbox(TENANT, "s", List.of(memory(100), Allotted.UNLIMITED), quota);
    assertThat(
            refused(() -> allotments.takeSandbox(TENANT, "t", memory(1), Optional.empty(), quota))
                .reason())
        .isEqualTo(Reason.QUOTA_EXCEEDED);
  }

  @Test
  void theHighestBoundsAreNumbers() {
    allotments.takeSandbox(TENANT, "a", memory(1L << 50), Optional.empty(), ofMemory(-1));
    TenantQuota most = TenantQuota.newBuilder().setContainers(-1).setSandboxes(0).build();
    allotments.takeContainer(TENANT, "a", "b", memory(1L << 50), most);
    assertThat(
            refused(() -> allotments.takeSandbox(TENANT, "s", memory(1), Optional.empty(), most))
                .message())
        .contains("may have 0 sandboxes");
  }

  @Test
  void manyAtOnceGetWhatThereIs() {
    AtomicInteger taken = new AtomicInteger();
    CompletableFuture.allOf(
            IntStream.range(0, 1_000)
                .mapToObj(i ->
                    CompletableFuture.runAsync(() -> {
                      try {
                        allotments.takeContainer(TENANT, "x" + i % 7, "x" + i, cpu(5), ofCpu(4000));
                        taken.incrementAndGet();
                      } catch (RefusedException e) {
                        assertThat(e.refusal().reason()).isEqualTo(Reason.QUOTA_EXCEEDED);
                      }
                    }))
                .toArray(CompletableFuture[]::new))
        .join();
    assertThat(taken.get()).isEqualTo(800);
  }

  /** In any order, against sums that are made anew each time. */
  @Test
  void agreesWithASumOfWhatThereIs() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Allotments one = new Allotments();
      Map<String, Map<String, Long>> limits = new HashMap<>();
      for (int i = 0; i < 100; i++) {
        String sandbox = "s" + random.nextInt(4);
        String id = random.nextInt(4) == 0 ? "" : "c" + random.nextInt(3);
        long limit = random.nextInt(50);
        Map<String, Map<String, Long>> next = copy(limits);
        if (random.nextInt(3) == 0) {
          next.getOrDefault(sandbox, new HashMap<>()).remove(id);
          leave(one, sandbox, id);
          limits = next;
          continue;
        }
        next.computeIfAbsent(sandbox, name -> new HashMap<>()).put(id, limit);
        boolean fits = sum(next) <= sum(limits) || sum(next) <= 200;
        ThrowingCallable take = () -> take(one, sandbox, id, limit);
        if (fits) {
          assertThatCode(take).as("seed %d, step %d", seed, i).doesNotThrowAnyException();
          limits = next;
        } else {
          assertThat(refused(take).reason()).isEqualTo(Reason.QUOTA_EXCEEDED);
        }
      }
      limits.forEach((sandbox, ids) -> ids.keySet().forEach(id -> leave(one, sandbox, id)));
      assertThat(one.size()).isZero();
    }
  }

  private static void take(Allotments all, String sandbox, String id, long limit) {
    if (id.isEmpty()) {
      all.changeSandbox(TENANT, sandbox, List.of(cpu(limit)), ofCpu(200));
    } else {
      all.takeContainer(TENANT, sandbox, id, cpu(limit), ofCpu(200));
    }
  }

  private static void leave(Allotments all, String sandbox, String id) {
    if (id.isEmpty()) {
      all.leaveSandbox(TENANT, sandbox);
    } else {
      all.leaveContainer(TENANT, sandbox, id);
    }
  }

  private static Map<String, Map<String, Long>> copy(Map<String, Map<String, Long>> limits) {
    Map<String, Map<String, Long>> copy = new HashMap<>();
    limits.forEach((sandbox, ids) -> copy.put(sandbox, new HashMap<>(ids)));
    return copy;
  }

  private static long sum(Map<String, Map<String, Long>> limits) {
    return limits.values().stream()
        .mapToLong(ids ->
            ids.containsKey("") ? ids.get("") : ids.values().stream().mapToLong(n -> n).sum())
        .sum();
  }
}
