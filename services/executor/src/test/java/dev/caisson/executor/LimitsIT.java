package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.TextFormat;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.CpuStatistics;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Limits that are felt inside, and those that are refused before anything is made. */
class LimitsIT extends OnNode {
  private static final Path BLKIO = Path.of("/sys/fs/cgroup/blkio");
  private static final long RATE = 1 << 20;

  private static Resources limits(String text) throws IOException {
    return TextFormat.parse(text, Resources.class);
  }

  @Test
  void writesNoFasterToTheDiskThanItMay() throws Exception {
    ContainerSpec.Builder spec =
        node.spec("dd", "if=/dev/zero", "of=/shared/f", "bs=64k", "count=48", "oflag=direct");
    String disk = disk(node.share(spec));
    spec.setResources(
        limits("block_io { throttle_write_bps_device { " + disk + " rate: " + RATE + " } }"));
    long began = System.nanoTime();
    Ended ended = node.run(spec);

    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .as("3 MiB at 1 MiB/s, of which the first slice is free")
        .isGreaterThan(Duration.ofSeconds(2));
  }

  /** What a directory is on, in the words of a limit. */
  private static String disk(Path directory) throws Exception {
    assumeTrue(Files.exists(BLKIO), "needs blkio of version 1, whose files the test knows");
    long device = ((Number) Files.getAttribute(directory, "unix:dev")).longValue();
    long major = (device >> 8) & 0xfff;
    long minor = (device & 0xff) | ((device >> 12) & 0xfff00);
    Path sysfs = Path.of("/sys/dev/block/" + major + ":" + minor);
    assumeTrue(
        Files.exists(sysfs) && !Files.exists(sysfs.resolve("partition")),
        "needs " + directory + " on a whole disk: the kernel throttles no partition and no memory");
    return "major: " + major + " minor: " + minor;
  }

  /** By the kernel's own counters: how much there is to run on is the machine's affair. */
  @Test
  void runsItsQuotaInEachPeriodAndNoLonger() throws Exception {
    ContainerSpec.Builder spec = node.shell("while :; do :; done");
    spec.setResources(limits("cpu { quota: 20000 period: 100000 }"));
    node.started("c", spec);
    CpuStatistics first = cpu();
    TestNode.eventually("it ran for 30 periods", () -> periods(first) >= 30);
    CpuStatistics last = cpu();
    double used = last.getUsageNanoseconds() - first.getUsageNanoseconds();
    long throttled = last.getThrottledPeriods() - first.getThrottledPeriods();

    assertThat(throttled).as("periods in which it was used up").isPositive();
    assertThat(used / 20_000_000)
        .as("quotas that were used")
        .isBetween(0.9 * (throttled - 1), 1.1 * (periods(first) + 1));
  }

  private static long periods(CpuStatistics since) {
    return cpu().getPeriods() - since.getPeriods();
  }

  private static CpuStatistics cpu() {
    return node.stub()
        .getContainerStatistics(
            GetContainerStatisticsRequest.newBuilder()
                .setTenant(TestNode.TENANT)
                .setContainerId("c")
                .build())
        .getCpu();
  }

  @Test
  void aSandboxHasTheSameLimits() throws Exception {
    var request =
        node.request("c", node.spec("sleep", "60"))
            .setSandboxResources(limits("cpu { idle: 1 } memory { limit: 67108864 }"))
            .build();
    node.stub().createContainer(request);
    Path cpu = Path.of("/sys/fs/cgroup/cpu" + node.cgroupParent());
    assumeTrue(Files.exists(cpu), "needs the cpu controller of version 1");
    try (var sandboxes = Files.list(cpu)) {
      assertThat(sandboxes.filter(Files::isDirectory).map(d -> d.resolve("cpu.idle")))
          .anySatisfy(idle -> assertThat(idle).hasContent("1\n"));
    }
  }

  /** What nothing is made for: what is asked | words of the sentence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { swappiness: 101 } | memory.swappiness must be from 0 to 100",
        "memory { disable_oom_killer: true } | whoever is out of memory is killed",
        "cpu { burst: 5 } | cpu.burst must come with",
        "cpu { realtime_runtime: 1000 } | no cgroup has time for real-time processes",
        "network { class_id: 1 } | no cgroup marks packets",
        "block_io { throttle_read_bps_device { major: 4095 minor: 1048575 rate: 1 } } | a block device of this host",
        "hugepage_limits { page_size: '512GB' limit: 0 } | page sizes of this host",
        "unified { key: 'cgroup.procs' value: '1' } | name limits and weights",
        "unified { key: 'cgroup.freeze' value: '1' } | name limits and weights",
      })
  void refusesBeforeAnythingIsMade(String asked, String words) throws Exception {
    Path parent = Path.of("/sys/fs/cgroup/unified" + node.cgroupParent());
    long before = children(parent);
    Resources limits = limits(asked);
    Problem own = Problem.of(() -> node.create("bad", node.spec("true").setResources(limits)));
    Problem around =
        Problem.of(() ->
            node.stub()
                .createContainer(
                    node.request("bad", node.spec("true")).setSandboxResources(limits).build()));

    for (Problem problem : new Problem[] {own, around}) {
      assertThat(problem.sentence()).contains(words);
      assertThat(problem.code()).isNotIn(Status.Code.INTERNAL, Status.Code.UNKNOWN);
    }
    assertThat(children(parent)).as("sandboxes, parked ones too").isEqualTo(before);
  }

  private static long children(Path parent) throws IOException {
    if (!Files.exists(parent)) {
      return 0;
    }
    try (var children = Files.list(parent)) {
      return children.filter(Files::isDirectory).count();
    }
  }
}
