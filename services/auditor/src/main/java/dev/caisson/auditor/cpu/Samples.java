package dev.caisson.auditor.cpu;

import com.google.protobuf.Timestamp;
import dev.caisson.auditor.cpu.Verdict.Charged;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** Between what Kafka carries and what is charged. */
final class Samples {

  /** The end of the year 9999, as Timestamp has it. */
  private static final long MAX_SECONDS = 253_402_300_799L;

  private static final int MAX_NANOS = 999_999_999;

  private Samples() {}

  /**
   * The sample that a message is.
   *
   * @throws IllegalArgumentException when it says what cannot be
   */
  static Sample of(UsageSample message) {
    requireTime(message.getTime());
    OptionalLong cgroup =
        message.hasCgroupNanos() ? OptionalLong.of(message.getCgroupNanos()) : OptionalLong.empty();
    List<ContainerReading> containers =
        message.getContainersList().stream().map(Samples::reading).toList();
    return new Sample(message.getSandboxSeq(), cgroup, message.getCounterEpoch(), containers);
  }

  /** When it was taken, by the node's clock, in milliseconds since 1970. */
  static long millis(UsageSample message) {
    return TimeUnit.SECONDS.toMillis(message.getTime().getSeconds())
        + TimeUnit.NANOSECONDS.toMillis(message.getTime().getNanos());
  }

  /** What is published after a sample was charged. */
  static CpuApportioned figures(UsageSample message, Charged charged) {
    SandboxAccount account = charged.account();
    return CpuApportioned.newBuilder()
        .setNode(message.getNode())
        .setTenant(message.getTenant())
        .setSandboxId(message.getSandboxId())
        .setSandboxUid(message.getSandboxUid())
        .setSandboxSeq(message.getSandboxSeq())
        .setTime(message.getTime())
        .setCgroupNanos(charged.used())
        .setUnattributedNanos(account.unattributed())
        .setOverheadNanos(account.overhead())
        .setRetiredNanos(account.retired())
        .addAllContainers(
            account.containers().stream().map(each -> figures(each, message.getLast())).toList())
        .setLast(message.getLast())
        .build();
  }

  private static void requireTime(Timestamp time) {
    if (time.getSeconds() < 0
        || time.getSeconds() > MAX_SECONDS
        || time.getNanos() < 0
        || time.getNanos() > MAX_NANOS) {
      throw new IllegalArgumentException("time must be in the years 1970 to 9999");
    }
  }

  private static ContainerReading reading(ContainerUsage usage) {
    return new ContainerReading(
        usage.getContainerId(), usage.getContainerUid(), usage.getCpuNanos(), usage.getRunning());
  }

  private static ContainerCpu figures(ContainerAccount container, boolean last) {
    return ContainerCpu.newBuilder()
        .setContainerId(container.id())
        .setContainerUid(container.uid())
        .setTotalNanos(container.total())
        .setDeltaNanos(container.delta())
        .setMeasuredNanos(container.measured())
        .setOverheadNanos(container.overhead())
        .setExited(last || container.state() == ContainerAccount.State.EXITED)
        .setUnlisted(container.state() == ContainerAccount.State.UNLISTED)
        .build();
  }
}
