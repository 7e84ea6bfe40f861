package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.TextFormat;
import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.CpuStatistics;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Limits that are felt inside, and those that are refused before anything is made. */
class LimitsIT extends OnNode {
  private static final int RATE = 1 << 20;

  private static Resources limits(String text) throws IOException {
    return TextFormat.parse(text, Resources.class);
  }

  @Test
  void writesNoFasterToTheDiskThanItMay() throws Exception {
    ContainerSpec.Builder spec =
        node.spec("dd", "if=/dev/zero", "of=/shared/f", "bs=64k", "count=48", "oflag=direct");
    assertThat(throttled(spec, node.share(spec), "write_bps", RATE))
        .as("3 MiB at 1 MiB/s, of which the first slice is free")
        .isGreaterThan(Duration.ofSeconds(2));
  }

  @Test
  void readsNoFasterFromTheDiskThanItMay() throws Exception {
    ContainerSpec.Builder spec =
        node.spec("dd", "if=/shared/f", "of=/dev/null", "bs=64k", "iflag=direct");
    Path volume = node.share(spec);
    Files.write(volume.resolve("f"), new byte[3 * RATE]);
    assertThat(throttled(spec, volume, "read_bps", RATE))
        .as("3 MiB at 1 MiB/s, of which the first slice is free")
        .isGreaterThan(Duration.ofSeconds(2));
  }

  /** Whatever their size. */
  @Test
  void readsNoOftenerFromTheDiskThanItMay() throws Exception {
    ContainerSpec.Builder spec =
        node.spec("dd", "if=/shared/f", "of=/dev/null", "bs=4k", "iflag=direct");
    Path volume = node.share(spec);
    Files.write(volume.resolve("f"), new byte[60 * 4_096]);
    assertThat(throttled(spec, volume, "read_iops", 20))
        .as("60 reads, 20 in a second, of which the first slice is free")
        .isGreaterThan(Duration.ofSeconds(2));
  }

  /** How long it runs with such a limit for the disk that a directory is on. */
  private static Duration throttled(
      ContainerSpec.Builder spec, Path directory, String what, int rate) throws IOException {
    String disk = WholeDisk.of(directory);
    spec.setResources(
        limits("block_io { throttle_%s_device { %s rate: %d } }".formatted(what, disk, rate)));
    long began = System.nanoTime();
    Ended ended = node.run(spec);
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    assertThat(ended.code()).as(ended.err()).isZero();
    return took;
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

  /**
   * Where the processor is free: beside others it would wait for them instead, so that all of this
   * node's weighs more than they do.
   */
  @Test
  void standsStillForTheRestOfEachPeriod() throws Exception {
    LimitsInForce.weighMost(node.cgroupParent());
    ContainerSpec.Builder spec = node.shell("while :; do :; done");
    spec.setResources(limits("cpu { quota: 20000 period: 100000 }"));
    node.started("c", spec);
    List<Double> shares = new ArrayList<>();
    TestNode.eventually(
        "it stands still for 80 % of ten periods",
        () -> {
          shares.add(shareThrottled());
          return shares.getLast() > 0.8 * 0.9 && shares.getLast() < 0.8 * 1.1;
        },
        () -> assertThat(shares).as("parts of ten periods").contains(0.8));
  }

  private static double shareThrottled() {
    CpuStatistics first = cpu();
    TestNode.eventually("ten periods have passed", () -> periods(first) >= 10);
    CpuStatistics last = cpu();
    double used = last.getUsageNanoseconds() - first.getUsageNanoseconds();
    double throttled = last.getThrottledNanoseconds() - first.getThrottledNanoseconds();
    return throttled / (throttled + used);
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
    var _ = node.stub().createContainer(request);
    String cgroup = node.sandbox("c").getCgroup();
    assertThat(LimitsInForce.read("cpu", cgroup, "cpu.idle")).isEqualTo("1");
    assertThat(LimitsInForce.memory(cgroup)).isEqualTo("67108864");
  }

  /** What nothing is made for: what is asked | the field | words of the sentence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { swappiness: 101 } | memory.swappiness | from 0 to 100",
        "pids { limit: 4194305 } | pids.limit | from 1 to 4194304",
        "cpu { burst: 5 } | cpu.burst | come with",
        "cpu { quota: 17592186044416 } | cpu.quota | from 1000 to 17592186044415",
        "cpu { cpus: '4000' } | cpu.cpus | be within the parent cgroup's",
        "cpu { mems: '4000' } | cpu.mems | be within the parent cgroup's",
        "block_io { throttle_read_bps_device { major: 4095 minor: 1048575 rate: 2 } } | block_io.throttle_read_bps_device[0] | a block device of this host",
        "hugepage_limits { page_size: '512GB' limit: 0 } | hugepage_limits | page sizes of this host",
        "unified { key: 'cgroup.procs' value: '1' } | unified | name limits and weights",
        "unified { key: 'cgroup.freeze' value: '1' } | unified | name limits and weights",
        "unified { key: 'cpu.weight' value: '99999' } | unified | 1 to 10000",
        "unified { key: 'cpu.max' value: '1 5' } | unified | a quota from 1000",
        "unified { key: 'cpuset.cpus' value: '3-1' } | unified | a list as in 0-3,7",
        "unified { key: 'io.max' value: '8:0 rbps=0' } | unified | at least 2",
        "unified { key: 'cpu.idle' value: '1' } unified { key: 'cpu.weight' value: '5' } | unified | not have cpu.idle and cpu.weight",
      })
  void refusesBeforeAnythingIsMade(String asked, String field, String words) throws Exception {
    Resources limits = limits(asked);
    node.createSandbox("there");
    assertNothingIsMade(() -> {
      ContainerSpec.Builder spec = node.spec("true").setResources(limits);
      invalid("spec.resources." + field, words, () -> node.create("bad", spec));
      invalid("spec.resources." + field, words, () -> node.createIn("there", "bad", spec));
      invalid("sandbox_resources." + field, words, () -> createAround("bad", limits));
      invalid("resources." + field, words, () -> createSandbox("bad", limits));
    });
  }

  private static void createAround(String id, Resources limits) {
    var request = node.request(id, node.spec("true")).setSandboxResources(limits);
    node.stub().createContainer(request.build());
  }

  private static void createSandbox(String id, Resources limits) {
    node.stub().createSandbox(TestNode.sandboxRequest(id).setResources(limits).build());
  }

  private static void invalid(String field, String words, ThrowingCallable call) {
    Problem problem =
        Problem.of(call).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC).says(words);
    assertThat(problem.info().getMetadataMap()).containsEntry("field", field);
  }

  /**
   * Of which the host, or the guard, has none: what is asked | the code | words of the sentence.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { disable_oom_killer: true } | PERMISSION_DENIED | whoever is out of memory is killed",
        "cpu { realtime_runtime: 1000 } | PERMISSION_DENIED | no cgroup has time for real-time processes",
        "network { class_id: 1 } | PERMISSION_DENIED | no cgroup marks packets",
        "block_io { leaf_weight: 10 } | FAILED_PRECONDITION | block_io.leaf_weight must be absent",
      })
  void refusesWhatNobodyMayOrCan(String asked, Status.Code code, String words) throws Exception {
    assumeTrue(
        !asked.contains("leaf_weight")
            || !Files.exists(Path.of("/sys/fs/cgroup/blkio/blkio.leaf_weight")),
        "needs a kernel without weights of leaves");
    Resources limits = limits(asked);
    assertNothingIsMade(() -> {
      ContainerSpec.Builder spec = node.spec("true").setResources(limits);
      for (Problem problem :
          List.of(
              Problem.of(() -> node.create("bad", spec)),
              Problem.of(() -> createAround("bad", limits)))) {
        assertThat(problem.says(words).code()).isEqualTo(code);
      }
    });
  }

  /** What the sandbox of the same request is to have | what is asked in it | the field. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "cpu { cpus: '0' } | cpu { cpus: '0-1' } | cpu.cpus",
        "cpu { quota: 20000 } | cpu { quota: 30000 } | cpu.quota",
      })
  void refusesMoreThanItsSandboxIsToHave(String around, String asked, String field)
      throws Exception {
    assumeTrue(
        !field.equals("cpu.quota") || LimitsInForce.inVersion1("cpu"),
        "needs the cpu controller of version 1: in version 2 the least quota holds");
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "needs two processors");
    var request =
        node.request("bad", node.spec("true").setResources(limits(asked)))
            .setSandboxResources(limits(around))
            .build();
    assertNothingIsMade(() ->
        invalid(
            "spec.resources." + field, "the sandbox", () -> node.stub().createContainer(request)));
  }

  /** Neither in whichever tree is mounted, nor as far as the record says. */
  private static void assertNothingIsMade(ThrowingRunnable refused) throws Exception {
    Cgroup parent =
        Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"))
            .open(node.cgroupParent());
    List<String> before = parent.children();
    refused.run();
    assertThat(parent.children()).containsExactlyInAnyOrderElementsOf(before);
    assertThat(Recorded.of(node))
        .filteredOn(event -> names(event, "bad"))
        .allMatch(Event::hasRequestDenied);
  }

  private static boolean names(Event event, String id) {
    return event.getSubject().getSandboxId().equals(id)
        || event.getSubject().getContainerId().equals(id);
  }

  private interface ThrowingRunnable {
    void run() throws Exception;
  }
}
