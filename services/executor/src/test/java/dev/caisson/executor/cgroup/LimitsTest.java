package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.types.v1.Resources;
import org.junit.jupiter.api.Test;

class LimitsTest {
  private static final long MIB = 1 << 20;

  @Test
  void refusesMemoryBelowWhatAProcessNeeds() {
    assertRefused(memory(MIB, null), "resources.memory.limit", InvalidResources.Kind.TOO_LOW);
    assertRefused(memory(0L, null), "resources.memory.limit", InvalidResources.Kind.TOO_LOW);
    assertRefused(memory(-2L, null), "resources.memory.limit", InvalidResources.Kind.INVALID);
    assertThat(Limits.of(memory(Limits.MIN_MEMORY_BYTES, null)).memory())
        .hasValue(Limits.MIN_MEMORY_BYTES);
  }

  @Test
  void refusesSwapWithoutOrBelowTheLimit() {
    assertRefused(memory(null, 64 * MIB), "resources.memory.swap", InvalidResources.Kind.INVALID);
    assertRefused(memory(-1L, 64 * MIB), "resources.memory.swap", InvalidResources.Kind.INVALID);
    assertRefused(
        memory(64 * MIB, 32 * MIB), "resources.memory.swap", InvalidResources.Kind.INVALID);
    assertRefused(memory(64 * MIB, 0L), "resources.memory.swap", InvalidResources.Kind.INVALID);
    assertRefused(memory(64 * MIB, -2L), "resources.memory.swap", InvalidResources.Kind.INVALID);
    assertThat(Limits.of(memory(64 * MIB, 64 * MIB)).swap()).hasValue(64 * MIB);
    assertThat(Limits.of(memory(null, -1L)).swap()).hasValue(-1);
  }

  @Test
  void refusesAReservationAboveTheLimit() {
    Resources.Memory.Builder memory =
        Resources.Memory.newBuilder().setLimit(64 * MIB).setReservation(65 * MIB);
    assertRefused(
        Resources.newBuilder().setMemory(memory).build(),
        "resources.memory.reservation",
        InvalidResources.Kind.INVALID);
  }

  @Test
  void refusesCpuValuesOutOfTheirRanges() {
    assertRefused(
        cpu(Resources.Cpu.newBuilder().setShares(1)),
        "resources.cpu.shares",
        InvalidResources.Kind.INVALID);
    assertRefused(
        cpu(Resources.Cpu.newBuilder().setShares(262_145)),
        "resources.cpu.shares",
        InvalidResources.Kind.INVALID);
    assertRefused(
        cpu(Resources.Cpu.newBuilder().setShares(-1)),
        "resources.cpu.shares",
        InvalidResources.Kind.INVALID);
    assertRefused(
        cpu(Resources.Cpu.newBuilder().setQuota(999)),
        "resources.cpu.quota",
        InvalidResources.Kind.INVALID);
    assertRefused(
        cpu(Resources.Cpu.newBuilder().setPeriod(999)),
        "resources.cpu.period",
        InvalidResources.Kind.INVALID);
    assertRefused(
        cpu(Resources.Cpu.newBuilder().setPeriod(1_000_001)),
        "resources.cpu.period",
        InvalidResources.Kind.INVALID);
    assertThat(
            Limits.of(
                    cpu(Resources.Cpu.newBuilder().setShares(2).setQuota(-1).setPeriod(1_000_000)))
                .shares())
        .hasValue(2);
  }

  @Test
  void refusesListsThatAreNone() {
    for (String list : new String[] {"a", "1-", "-1", "3-1", "0,,1", "0-9000", "1 2", "0-1\n"}) {
      assertRefused(
          cpu(Resources.Cpu.newBuilder().setCpus(list)),
          "resources.cpu.cpus",
          InvalidResources.Kind.INVALID);
    }
    assertThat(IdList.parse("cpus", "0-2,7").ids().stream()).containsExactly(0, 1, 2, 7);
  }

  @Test
  void refusesNoProcessAtAll() {
    Resources none =
        Resources.newBuilder().setPids(Resources.Pids.newBuilder().setLimit(0)).build();
    assertRefused(none, "resources.pids.limit", InvalidResources.Kind.INVALID);
  }

  private static Resources memory(Long limit, Long swap) {
    Resources.Memory.Builder memory = Resources.Memory.newBuilder();
    if (limit != null) {
      memory.setLimit(limit);
    }
    if (swap != null) {
      memory.setSwap(swap);
    }
    return Resources.newBuilder().setMemory(memory).build();
  }

  private static Resources cpu(Resources.Cpu.Builder cpu) {
    return Resources.newBuilder().setCpu(cpu).build();
  }

  private static void assertRefused(Resources resources, String field, InvalidResources.Kind kind) {
    assertThatThrownBy(() -> Limits.of(resources))
        .isInstanceOfSatisfying(
            InvalidResources.class,
            refusal -> {
              assertThat(refusal.field()).isEqualTo(field);
              assertThat(refusal.kind()).isEqualTo(kind);
              assertThat(refusal).hasMessageStartingWith(field + " must ");
            });
  }
}
