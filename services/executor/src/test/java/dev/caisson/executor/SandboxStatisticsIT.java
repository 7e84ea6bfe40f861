package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TextFormat;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.executor.v1.GetSandboxStatisticsRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IoStatistics.Device;
import dev.caisson.proto.types.v1.Statistics;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is counted of a sandbox, while containers in it come and go. */
class SandboxStatisticsIT extends OnNode {
  /** What may fall: all else is counted, or stays. */
  private static final Set<String> GAUGES =
      Set.of(
          "usage_bytes",
          "working_set_bytes",
          "anonymous_bytes",
          "file_bytes",
          "shared_bytes",
          "mapped_file_bytes",
          "kernel_bytes",
          "socket_bytes",
          "swap_bytes",
          "current");

  /** CPU time, the disk, page faults, a refused fork, a kill for want of memory, the network. */
  private static final String LOAD =
      "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done;"
          + " dd if=/dev/zero of=/shared/f bs=64k count=32 oflag=direct;"
          + " dd if=/shared/f of=/dev/null bs=64k iflag=direct;"
          + " tail -c 64m /dev/zero;"
          + " wget -q -O- http://127.0.0.1:9/;"
          + " for i in 1 2 3 4 5 6; do sleep 60 & done";

  /** What is left of a cgroup goes within the second after its directory. */
  private static final long GONE_NANOS = 1_000_000_000;

  private static final long WRITTEN = 32 * 65_536;

  private static Statistics sandbox() {
    return node.stub()
        .getSandboxStatistics(
            GetSandboxStatisticsRequest.newBuilder()
                .setTenant(TestNode.TENANT)
                .setSandboxId("box")
                .build());
  }

  private static Statistics container(String id) {
    return node.stub()
        .getContainerStatistics(
            GetContainerStatisticsRequest.newBuilder()
                .setTenant(TestNode.TENANT)
                .setContainerId(id)
                .build());
  }

  @Test
  void noCounterFallsWhenAContainerIsDeleted() throws Exception {
    ContainerSpec.Builder spec = node.shell(LOAD);
    String disk = WholeDisk.of(node.share(spec));
    TextFormat.merge(
        "pids { limit: 4 } memory { limit: 16777216 } cpu { quota: 20000 period: 100000 }"
            + " block_io { throttle_read_bps_device { DISK rate: 1073741824 } }"
                .replace("DISK", disk),
        spec.getResourcesBuilder());
    CreateSandboxRequest.Builder box = TestNode.sandboxRequest("box");
    TextFormat.merge(
        "pids { limit: 40 } memory { limit: 67108864 } cpu { quota: 40000 period: 100000 }",
        box.getResourcesBuilder());
    var _ = node.stub().createSandbox(box.build());
    var _ = node.createIn("box", "goes", spec);
    node.start("goes");
    node.await("goes");
    Statistics last = container("goes");
    Statistics before = sandbox();
    node.delete("goes");
    Statistics after = sandbox();

    assertThat(last.getMemory().getOomKills()).as("there was a load").isPositive();
    assertThat(last.getPids().getLimitHits()).isPositive();
    assertThat(last.getCpu().getThrottledPeriods()).isPositive();
    assertThat(written(last)).isGreaterThanOrEqualTo(WRITTEN);
    assertThat(after.getCpu().getUsageNanoseconds())
        .isGreaterThanOrEqualTo(last.getCpu().getUsageNanoseconds());
    if (LimitsInForce.inVersion1("blkio")) {
      assertThat(before.getIo().getDevicesList()).as("they would fall").isEmpty();
    } else {
      assertThat(written(after)).isGreaterThanOrEqualTo(WRITTEN);
    }
    long end = System.nanoTime() + GONE_NANOS;
    do {
      assertNoneIsBelow(counters(before), counters(sandbox()));
    } while (System.nanoTime() < end);
  }

  private static void assertNoneIsBelow(Map<String, Long> before, Map<String, Long> after) {
    assertThat(before)
        .isNotEmpty()
        .allSatisfy((name, value) ->
            assertThat(after.getOrDefault(name, 0L)).as(name).isGreaterThanOrEqualTo(value));
  }

  private static long written(Statistics statistics) {
    return statistics.getIo().getDevicesList().stream().mapToLong(Device::getWriteBytes).sum();
  }

  private static Map<String, Long> counters(Statistics statistics) {
    Map<String, Long> all = Numbers.of(statistics);
    all.keySet().removeIf(path -> GAUGES.contains(path.substring(path.lastIndexOf('.') + 1)));
    return all;
  }
}
