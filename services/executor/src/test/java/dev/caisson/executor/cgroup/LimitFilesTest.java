package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.TextFormat;
import dev.caisson.linux.Errno;
import dev.caisson.proto.types.v1.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each limit as the files that it becomes, on each kind of host: what is asked | what is written.
 */
class LimitFilesTest {
  @TempDir Path root;
  private FakeKernel kernel;

  @BeforeEach
  void boot() throws IOException {
    kernel = new FakeKernel(root);
    kernel.setUp("dev/block/8:0");
    kernel.setUp("dev/block/8:1/partition");
    kernel.setUp("dev/block/8:16");
    kernel.setUp("kernel/mm/hugepages/hugepages-2048kB");
    kernel.setUp("class/net/eth0");
    kernel.setUp("class/infiniband/mlx5_0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { swappiness: 0 } | memory.swappiness=0",
        "memory { swappiness: 100 } | memory.swappiness=100",
        "memory { disable_oom_killer: true } | memory.oom_control=1",
        "memory { disable_oom_killer: false } | memory.oom_control=0",
        "memory { limit: 8388608 check_before_update: true } | memory.limit_in_bytes=8388608",
        "cpu { quota: 50000 burst: 20000 } | cpu.cfs_quota_us=50000 cpu.cfs_burst_us=20000",
        "cpu { idle: 1 } | cpu.idle=1",
        "cpu { idle: 0 shares: 512 } | cpu.idle=0 cpu.shares=512",
        "cpu { realtime_runtime: 0 realtime_period: 500000 } | cpu.rt_period_us=500000 cpu.rt_runtime_us=0",
        "block_io { weight: 500 } | blkio.bfq.weight=500",
        "block_io { weight_device { major: 8 weight: 20 } } | blkio.bfq.weight_device=8:0 20",
        "block_io { throttle_read_bps_device { major: 8 rate: 1048576 } } | blkio.throttle.read_bps_device=8:0 1048576",
        "block_io { throttle_write_bps_device { major: 8 rate: 1 } } | blkio.throttle.write_bps_device=8:0 1",
        "block_io { throttle_read_iops_device { major: 8 rate: 4294967295 } } | blkio.throttle.read_iops_device=8:0 4294967295",
        "block_io { throttle_write_iops_device { major: 8 rate: 0 } } | blkio.throttle.write_iops_device=8:0 0",
        "rdma { key: 'mlx5_0' value { hca_handles: 2 hca_objects: 2000 } } | rdma.max=mlx5_0 hca_handle=2 hca_object=2000",
        "network { class_id: 4294967295 } | net_cls.classid=4294967295",
        "network { priorities { name: 'eth0' priority: 5 } } | net_prio.ifpriomap=eth0 5",
        "hugepage_limits { page_size: '2MB' limit: 4194304 } | hugetlb.2MB.limit_in_bytes=4194304 hugetlb.2MB.rsvd.limit_in_bytes=4194304",
      })
  void writesInVersion1(String asked, String written) throws IOException {
    assertWrites(kernel.v1(), asked, written);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { limit: 8388608 swap: 8388608 } | memory.max=8388608 memory.swap.max=0",
        "memory { limit: 8388608 swap: 10485760 } | memory.max=8388608 memory.swap.max=2097152",
        "memory { limit: 8388608 swap: -1 } | memory.max=8388608 memory.swap.max=max",
        "memory { limit: -1 swap: -1 } | memory.max=max memory.swap.max=max",
        "memory { reservation: 4194304 } | memory.low=4194304",
        "memory { reservation: -1 } | memory.low=max",
        "memory { disable_oom_killer: false } | ``",
        "cpu { shares: 1024 } | cpu.weight=100",
        "cpu { quota: 50000 period: 200000 burst: 20000 } | cpu.max=50000 200000 cpu.max.burst=20000",
        "cpu { idle: 1 } | cpu.idle=1",
        "block_io { weight: 10 } | io.weight=default 1",
        "block_io { weight: 100 } | io.weight=default 910",
        "block_io { weight: 1000 weight_device { major: 8 weight: 10 } } | io.weight=default 10000 io.weight=8:0 1",
        "block_io { throttle_read_bps_device { major: 8 rate: 7 } throttle_write_iops_device { major: 8 rate: 0 } } | io.max=8:0 rbps=7 io.max=8:0 wiops=max",
        "block_io { throttle_write_bps_device { major: 8 rate: 7 } throttle_read_iops_device { major: 8 rate: 9 } } | io.max=8:0 wbps=7 io.max=8:0 riops=9",
        "hugepage_limits { page_size: '2MB' limit: 0 } | cgroup.subtree_control=+hugetlb hugetlb.2MB.max=0 hugetlb.2MB.rsvd.max=0",
        "rdma { key: 'mlx5_0' value { hca_objects: 1 } } | cgroup.subtree_control=+rdma rdma.max=mlx5_0 hca_object=1",
        "pids { limit: 7 } unified { key: 'memory.high' value: '64M' } unified { key: 'cpu.uclamp.max' value: '50.5' } | pids.max=7 cpu.uclamp.max=50.5 memory.high=64M",
        "pids { limit: 4194304 } | pids.max=4194304",
        "cpu { quota: 17592186044415 burst: 0 } | cpu.max=17592186044415 cpu.max.burst=0",
        "cpu { quota: 8796093022207 burst: 8796093022207 } | cpu.max=8796093022207 cpu.max.burst=8796093022207",
        "rdma { key: 'mlx5_0' value { hca_handles: 2147483647 } } | cgroup.subtree_control=+rdma rdma.max=mlx5_0 hca_handle=2147483647",
        "unified { key: 'io.max' value: '8:0 rbps=2\\n8:16 wiops=max riops=3' } | io.max=8:0 rbps=2 io.max=8:16 wiops=max riops=3",
        "unified { key: 'io.weight' value: '50' } | io.weight=default 50",
        "unified { key: 'io.weight' value: '10000\\n8:0 1\\n8:16 default' } | io.weight=default 10000 io.weight=8:0 1 io.weight=8:16 default",
        "unified { key: 'cpu.weight' value: '10000' } | cpu.weight=10000",
        "unified { key: 'cpu.weight' value: '1' } unified { key: 'cpu.idle' value: '0' } | cpu.idle=0 cpu.weight=1",
        "unified { key: 'cpu.weight.nice' value: '-20' } | cpu.weight.nice=-20",
        "unified { key: 'cpu.weight.nice' value: '19' } | cpu.weight.nice=19",
        "unified { key: 'cpu.max' value: '1000 1000000' } unified { key: 'cpu.max.burst' value: '1000' } | cpu.max=1000 1000000 cpu.max.burst=1000",
        "unified { key: 'cpu.max' value: '17592186044415' } | cpu.max=17592186044415",
        "unified { key: 'cpu.max' value: 'max 1000' } unified { key: 'cpu.max.burst' value: '0' } | cpu.max=max 1000 cpu.max.burst=0",
        "cpu { quota: 5000 } unified { key: 'cpu.max.burst' value: '5000' } | cpu.max=5000 cpu.max.burst=5000",
        "unified { key: 'cpu.uclamp.max' value: '100.00' } | cpu.uclamp.max=100.00",
        "unified { key: 'cpuset.cpus' value: '0-1' } unified { key: 'cpuset.mems' value: '0' } | cpuset.cpus=0-1 cpuset.mems=0",
        "unified { key: 'memory.high' value: '999999T' } unified { key: 'memory.low' value: '0' } | memory.high=999999T memory.low=0",
        "unified { key: 'rdma.max' value: 'mlx5_0 hca_handle=2147483647 hca_object=max' } | cgroup.subtree_control=+rdma rdma.max=mlx5_0 hca_handle=2147483647 hca_object=max",
        "unified { key: 'hugetlb.2MB.max' value: '2M' } | cgroup.subtree_control=+hugetlb hugetlb.2MB.max=2M",
      })
  void writesInVersion2(String asked, String written) throws IOException {
    Cgroups cgroups = kernel.v2();
    kernel.set("unified/cgroup.subtree_control", "cpu cpuset memory pids io");
    kernel.more = List.of("cpu.uclamp.max=max", "cpu.weight.nice=0");
    assertWrites(cgroups, asked, written);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { swappiness: 10 } | memory.swappiness=10",
        "cpu { shares: 1024 } | cpu.shares=1024",
        "block_io { weight: 10 } | blkio.bfq.weight=10",
        "hugepage_limits { page_size: '2MB' limit: 2097152 } | cgroup.subtree_control=+hugetlb hugetlb.2MB.max=2097152 hugetlb.2MB.rsvd.max=2097152",
        "unified { key: 'hugetlb.2MB.rsvd.max' value: '0' } | cgroup.subtree_control=+hugetlb hugetlb.2MB.rsvd.max=0",
      })
  void writesOnAHybridHostWhereEachControllerIs(String asked, String written) throws IOException {
    assertWrites(kernel.hybrid(), asked, written);
  }

  private void assertWrites(Cgroups cgroups, String asked, String written) throws IOException {
    bearCpusets();
    cgroups.require("/", resources(asked));
    cgroups.require("/none/yet", resources(asked));
    cgroups.require("/", resources(asked), resources(asked));
    assertThat(kernel.writes).isEmpty();
    cgroups.create("/box", resources(asked), Owner.ROOT);
    assertThat(String.join(" ", kernel.writes)).isEqualTo(written);
  }

  /** With their parent's CPUs, so that nothing else is written. */
  private void bearCpusets() throws IOException {
    if (kernel.has("cpuset")) {
      kernel.set("cpuset/cgroup.clone_children", "1");
    }
  }

  @Test
  void prefersTheWeightsOfBfqInVersion2() throws IOException {
    Cgroups cgroups = kernel.v2();
    kernel.more = List.of("io.bfq.weight=default 100");
    cgroups.create("/box", resources("block_io { weight: 500 }"), Owner.ROOT);
    assertThat(kernel.writes).contains("io.bfq.weight=default 500");
  }

  @Test
  void prefersTheGeneralWeightsInVersion1() throws IOException {
    Cgroups cgroups = kernel.v1();
    bearCpusets();
    kernel.more = List.of("blkio.weight=500", "blkio.leaf_weight=500");
    cgroups.create("/box", resources("block_io { weight: 10 leaf_weight: 20 }"), Owner.ROOT);
    assertThat(kernel.writes).containsExactly("blkio.weight=10", "blkio.leaf_weight=20");
  }

  @Test
  void passesAControllerOnFromTheTopOnlyWhereItIsNeeded() throws IOException {
    Cgroups cgroups = kernel.hybrid();
    cgroups.ensure("/caisson");
    cgroups.create("/caisson/sandbox-1", resources(""), Owner.ROOT);
    kernel.set("unified/caisson/cgroup.controllers", "");
    kernel.set("unified/caisson/sandbox-1/cgroup.controllers", "");
    kernel.writes.clear();
    cgroups.create(
        "/caisson/sandbox-1/ctr-1",
        resources("hugepage_limits { page_size: '2MB' limit: 0 }"),
        Owner.ROOT);

    assertThat(kernel.get("unified/cgroup.subtree_control")).isEqualTo("+hugetlb");
    assertThat(kernel.get("unified/caisson/cgroup.subtree_control")).isEqualTo("+hugetlb");
    assertThat(kernel.get("unified/caisson/sandbox-1/cgroup.subtree_control"))
        .isEqualTo("+hugetlb");
    assertThat(kernel.get("unified/caisson/sandbox-1/ctr-1/hugetlb.2MB.max")).isEqualTo("0");
  }

  /** What has no meaning anywhere: what is asked | the field | words of the sentence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory { swappiness: 101 } | memory.swappiness | from 0 to 100",
        "memory { swappiness: 4294967295 } | memory.swappiness | from 0 to 100",
        "memory { limit: 8388608 swap: 4194304 } | memory.swap | not below resources.memory.limit",
        "cpu { burst: 1 } | cpu.burst | come with resources.cpu.quota",
        "cpu { quota: -1 burst: 1 } | cpu.burst | come with resources.cpu.quota",
        "cpu { quota: 1000 burst: 1001 } | cpu.burst | from 0 to 1000",
        "cpu { quota: 1000 burst: 18446744073709551615 } | cpu.burst | 18446744073709551615",
        "cpu { idle: 2 } | cpu.idle | from 0 to 1",
        "cpu { idle: 1 shares: 2 } | cpu.shares | be absent with resources.cpu.idle 1",
        "cpu { realtime_runtime: -1 } | cpu.realtime_runtime | from 0 to 1000000",
        "cpu { realtime_runtime: 1001 realtime_period: 1000 } | cpu.realtime_runtime | from 0 to 1000",
        "cpu { realtime_period: 999 } | cpu.realtime_period | from 1000",
        "block_io { weight: 9 } | block_io.weight | from 10 to 1000",
        "block_io { weight: 1001 } | block_io.weight | from 10 to 1000",
        "block_io { leaf_weight: 0 } | block_io.leaf_weight | from 10 to 1000",
        "block_io { weight_device { major: 8 } } | block_io.weight_device[0] | have a weight",
        "block_io { weight_device { major: 4096 weight: 10 } } | block_io.weight_device[0].major | from 0 to 4095",
        "block_io { weight_device { minor: -1 weight: 10 } } | block_io.weight_device[0].minor | from 0 to 1048575",
        "block_io { throttle_read_bps_device { major: 8 rate: 9223372036854775808 } } | block_io.throttle_read_bps_device[0].rate | 9223372036854775808",
        "block_io { throttle_read_iops_device { major: 8 rate: 4294967296 } } | block_io.throttle_read_iops_device[0].rate | to 4294967295",
        "block_io { throttle_read_bps_device { major: 8 rate: 1 } throttle_read_bps_device { major: 8 rate: 2 } } | block_io.throttle_read_bps_device[1] | once",
        "hugepage_limits { page_size: '2M' } | hugepage_limits[0].page_size | 2MB or 1GB",
        "hugepage_limits { page_size: '../2MB' } | hugepage_limits[0].page_size | 2MB or 1GB",
        "hugepage_limits { page_size: '2MB' } hugepage_limits { page_size: '2MB' } | hugepage_limits[1].page_size | once",
        "network { priorities { name: '..' } } | network.priorities[0].name | interface",
        "network { priorities { name: 'a b' } } | network.priorities[0].name | interface",
        "network { priorities { name: 'eth0' } priorities { name: 'eth0' } } | network.priorities[1].name | once",
        "rdma { key: '../x' value { hca_handles: 1 } } | rdma | name devices",
        "rdma { key: 'mlx5_0' value { } } | rdma | limit handles or objects",
        "rdma { key: 'mlx5_0' value { hca_handles: 2147483648 } } | rdma | from 0 to 2147483647",
        "pids { limit: 0 } | pids.limit | be -1 or from 1 to 4194304",
        "pids { limit: 4194305 } | pids.limit | be -1 or from 1 to 4194304",
        "cpu { quota: 999 } | cpu.quota | be -1 or from 1000 to 17592186044415",
        "cpu { quota: 17592186044416 } | cpu.quota | be -1 or from 1000 to 17592186044415",
        "cpu { quota: 17592186044415 burst: 1 } | cpu.burst | from 0 to 0",
        "memory { reservation: -2 } | memory.reservation | be -1 or at least 0",
        "unified { key: 'memory.max' value: 'max' } | unified | resources.memory.limit",
        "unified { key: 'pids.max' value: 'max' } | unified | resources.pids.limit",
        "unified { key: 'memory.high' value: '' } | unified | memory.high",
        "unified { key: 'memory.high' value: '1 2' } | unified | memory.high",
        "unified { key: 'memory.high' value: 'max\\n\\nmax' } | unified | memory.high",
        "unified { key: 'cpu.max' value: '1;2' } | unified | cpu.max",
        "unified { key: 'io.max' value: '8:0 rbps=1 other=2' } | unified | io.max",
        "cpu { shares: 2 } unified { key: 'cpu.weight' value: '1' } | unified | what resources.cpu.shares says",
        "cpu { shares: 2 } unified { key: 'cpu.weight.nice' value: '1' } | unified | what resources.cpu.shares says",
        "cpu { shares: 2 } unified { key: 'cpu.idle' value: '1' } | unified | what resources.cpu.shares says",
        "cpu { period: 2000 } unified { key: 'cpu.max' value: 'max' } | unified | what resources.cpu.period says",
        "memory { reservation: 1 } unified { key: 'memory.low' value: '1' } | unified | what resources.memory.reservation says",
        "block_io { weight: 10 } unified { key: 'io.weight' value: '1' } | unified | what resources.block_io.weight says",
        "hugepage_limits { page_size: '2MB' } unified { key: 'hugetlb.2MB.max' value: '0' } | unified | what resources.hugepage_limits says",
      })
  void refusesWhatHasNoMeaning(String asked, String field, String words) throws IOException {
    assertRefused(kernel.hybrid(), asked, field, words);
  }

  /** The file | what is no value of it, though it may look like one. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cpu.weight | 0",
        "cpu.weight | 10001",
        "cpu.weight | 99999",
        "cpu.weight | 050",
        "cpu.weight | 1\\n2",
        "cpu.weight.nice | 20",
        "cpu.weight.nice | -21",
        "cpu.weight.nice | 99",
        "cpu.max | 1 5",
        "cpu.max | 999",
        "cpu.max | 1000 999",
        "cpu.max | max 1000001",
        "cpu.max | 17592186044416",
        "cpu.max | 99999999999999",
        "cpu.max | max\\nmax",
        "cpu.max.burst | -1",
        "cpu.max.burst | max",
        "cpu.max.burst | 17592186044416",
        "cpu.uclamp.max | 999",
        "cpu.uclamp.max | 100.01",
        "cpu.uclamp.min | 101",
        "cpuset.cpus | 3-1",
        "cpuset.cpus | 0-9000",
        "cpuset.mems | 1-0",
        "io.weight | 0",
        "io.weight | 10001",
        "io.weight | 99999",
        "io.weight | default",
        "io.weight | default default",
        "io.weight | 8:0 0",
        "io.bfq.weight | 1001",
        "io.bfq.weight | 8:0 1001",
        "io.max | 8:0 rbps=0",
        "io.max | 8:0 wiops=1",
        "io.max | 8:0 rbps=08",
        "memory.high | 1000000T",
        "memory.high | 9223372036854775808",
        "memory.high | 010",
        "hugetlb.2MB.max | 10000000000000000G",
        "rdma.max | mlx5_0 hca_handle=2147483648",
        "rdma.max | mlx5_0 hca_object=9999999999",
        "rdma.max | .. hca_handle=1",
      })
  void refusesWhatNoFileTakes(String file, String value) throws IOException {
    String asked = "unified { key: '" + file + "' value: '" + value + "' }";
    assertRefused(
        kernel.v2(),
        asked,
        "unified",
        "have for " + file + " what that file of the kernel takes (");
  }

  /** Each is possible, and both are not: what is asked | the field | words of the sentence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "unified { key: 'cpu.idle' value: '1' } unified { key: 'cpu.weight' value: '5' } | not have cpu.idle and cpu.weight",
        "unified { key: 'cpu.idle' value: '1' } unified { key: 'cpu.weight.nice' value: '5' } | not have cpu.idle and cpu.weight.nice",
        "unified { key: 'cpu.weight' value: '1' } unified { key: 'cpu.weight.nice' value: '5' } | not have cpu.weight and cpu.weight.nice",
        "unified { key: 'cpu.max' value: '1000' } unified { key: 'cpu.max.burst' value: '1001' } | cpu.max.burst from 0 to 1000",
        "unified { key: 'cpu.max' value: '17592186044415' } unified { key: 'cpu.max.burst' value: '1' } | cpu.max.burst from 0 to 0",
        "unified { key: 'cpu.max' value: 'max' } unified { key: 'cpu.max.burst' value: '1' } | cpu.max.burst from 0 to 0",
        "cpu { quota: 1000 } unified { key: 'cpu.max.burst' value: '1001' } | cpu.max.burst from 0 to 1000",
        "cpu { quota: -1 } unified { key: 'cpu.max.burst' value: '1' } | cpu.max.burst from 0 to 0",
      })
  void refusesFilesThatContradictEachOther(String asked, String words) throws IOException {
    assertRefused(kernel.v2(), asked, "unified", words);
  }

  @ParameterizedTest
  @CsvSource({
    "cgroup.procs",
    "cgroup.threads",
    "cgroup.freeze",
    "cgroup.kill",
    "cgroup.subtree_control",
    "cgroup.type",
    "cgroup.max.depth",
    "cgroup.pressure",
    "cpuset.cpus.partition",
    "memory.reclaim",
    "memory.peak",
    "memory.pressure",
    "io.latency",
    "io.prio.class",
    "io.cost.qos",
    "irq.pressure",
    "cpu.stat",
    "memory.high/../cgroup.procs",
    "../memory.high",
    "/memory.high",
    "MEMORY.HIGH",
    "memory.high.",
    "devices.allow",
    "misc.max",
    "hugetlb.2MB.current",
    "hugetlb.0MB.max",
    "memory",
    "."
  })
  void neverWritesAFileThatIsNoLimit(String file) throws IOException {
    String asked = "unified { key: '" + file + "' value: '1' }";
    assertRefused(kernel.v2(), asked, "unified", "name limits and weights of cgroup v2");
  }

  @Test
  void boundsEveryList() throws IOException {
    Cgroups v2 = kernel.v2();
    assertRefused(
        v2,
        many(65, "block_io { weight_device { minor: %d weight: 10 } }"),
        "block_io.weight_device",
        "at most 64");
    assertRefused(
        v2,
        many(65, "block_io { throttle_read_bps_device { minor: %d } }"),
        "block_io.throttle_read_bps_device",
        "at most 64");
    assertRefused(
        v2, many(17, "hugepage_limits { page_size: '%d9MB' }"), "hugepage_limits", "at most 16");
    assertRefused(
        v2,
        many(65, "network { priorities { name: 'eth%d' } }"),
        "network.priorities",
        "at most 64");
    assertRefused(
        v2, many(17, "rdma { key: 'x%d' value { hca_handles: 1 } }"), "rdma", "at most 16");
    assertRefused(
        v2, many(33, "unified { key: 'hugetlb.1%dMB.max' value: '0' }"), "unified", "at most 32");
    assertRefused(
        v2,
        "unified { key: 'cpuset.cpus' value: '" + "1,".repeat(600) + "1' }",
        "unified",
        "cpuset.cpus");
  }

  private static String many(int count, String text) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(text.formatted(i));
    }
    return String.join(" ", all);
  }

  /** What this host cannot have: its kind | what is asked | the field | words of the sentence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "V2 | memory { swappiness: 60 } | memory.swappiness | version 2",
        "V2 | memory { disable_oom_killer: true } | memory.disable_oom_killer | version 2",
        "V2 | cpu { realtime_runtime: 0 } | cpu.realtime_runtime | version 2",
        "V2 | cpu { realtime_period: 1000 } | cpu.realtime_period | version 2",
        "V2 | block_io { leaf_weight: 10 } | block_io.leaf_weight | version 2",
        "V2 | block_io { weight_device { major: 8 leaf_weight: 10 } } | block_io.weight_device | version 2",
        "V2 | network { class_id: 1 } | network.class_id | no cgroup controller net_cls",
        "V2 | network { priorities { name: 'eth0' } } | network.priorities | no cgroup controller net_prio",
        "V1 | unified { key: 'memory.high' value: '1' } | unified | version 1 of cgroups has the controller of memory.high",
        "V1 | block_io { leaf_weight: 10 } | block_io.leaf_weight | this kernel has no blkio.leaf_weight",
        "V1 | cpu { realtime_runtime: 1 } | cpu.realtime_runtime | /above (0 of 1000000)",
        "HYBRID | rdma { key: 'mlx5_0' value { hca_handles: 1 } } | rdma | no cgroup controller rdma",
        "HYBRID | network { class_id: 1 } | network.class_id | no cgroup controller net_cls",
        "HYBRID | unified { key: 'memory.high' value: '1' } | unified | version 1 of cgroups has the controller",
        "HYBRID | unified { key: 'rdma.max' value: 'x hca_handle=1' } | unified | no cgroup controller rdma",
        "V1 | block_io { throttle_read_bps_device { major: 8 minor: 7 rate: 1 } } | block_io.throttle_read_bps_device[0] | a block device of this host",
        "V2 | block_io { throttle_read_bps_device { major: 8 minor: 1 rate: 1 } } | block_io.throttle_read_bps_device[0] | the whole disk, not a partition",
        "V1 | hugepage_limits { page_size: '1GB' } | hugepage_limits | page sizes of this host",
        "V2 | hugepage_limits { page_size: '64KB' } | hugepage_limits | page sizes of this host",
        "V1 | network { priorities { name: 'eth9' } } | network.priorities | interfaces of this host",
        "V2 | rdma { key: 'mlx5_9' value { hca_handles: 1 } } | rdma | RDMA devices of this host",
        "V2 | block_io { throttle_read_bps_device { major: 8 rate: 1 } } | block_io.throttle_read_bps_device[0].rate | be 0 or at least 2",
        "V2 | unified { key: 'io.max' value: '8:0 rbps=2\\n8:7 rbps=2' } | unified | a block device of this host",
        "V2 | unified { key: 'io.max' value: '8:1 rbps=2' } | unified | the whole disk, not a partition",
        "V2 | unified { key: 'io.weight' value: '8:7 5' } | unified | a block device of this host",
        "V2 | unified { key: 'hugetlb.4MB.max' value: '0' } | unified | page sizes of this host",
        "V2 | unified { key: 'rdma.max' value: 'mlx5_9 hca_handle=1' } | unified | RDMA devices of this host",
        "V2 | unified { key: 'cpuset.cpus' value: '0-2' } | unified | be within the parent cgroup's (0-1)",
        "V2 | unified { key: 'cpuset.mems' value: '1' } | unified | be within the parent cgroup's (0)",
        "V2 | unified { key: 'cpu.uclamp.max' value: '5' } | unified | this kernel has no cpu.uclamp.max",
        "V2 | cpu { cpus: '4000' } | cpu.cpus | be within the parent cgroup's (0-1)",
        "V1 | cpu { mems: '1' } | cpu.mems | be within the parent cgroup's (0)",
      })
  void refusesWhatThisHostCannotHave(CgroupMode mode, String asked, String field, String words)
      throws IOException {
    assertRefused(host(mode), asked, field, words);
  }

  private Cgroups host(CgroupMode mode) throws IOException {
    return switch (mode) {
      case V1 -> kernel.v1();
      case V2 -> kernel.v2();
      case HYBRID, NONE -> kernel.hybrid();
    };
  }

  private void assertRefused(Cgroups cgroups, String asked, String field, String words)
      throws IOException {
    Resources resources = resources(asked);
    cgroups.ensure("/above");
    kernel.writes.clear();
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> cgroups.require("/above", resources),
            () -> cgroups.require("/above", Resources.getDefaultInstance(), resources),
            () -> cgroups.create("/above/box", resources, Owner.ROOT))) {
      assertThatThrownBy(call)
          .isInstanceOfSatisfying(
              InvalidResources.class,
              refusal -> assertThat(refusal.field()).isEqualTo("resources." + field))
          .hasMessageStartingWith("resources." + field + " must ")
          .hasMessageContaining(words);
    }
    assertThat(kernel.writes).isEmpty();
    try (var left = Files.walk(root)) {
      assertThat(left.filter(path -> path.endsWith("above/box"))).isEmpty();
    }
    Cgroup living = cgroups.create("/above/living", resources(""), Owner.ROOT);
    kernel.writes.clear();
    assertThatThrownBy(() -> living.update(resources)).isInstanceOf(InvalidResources.class);
    assertThat(kernel.writes).isEmpty();
    living.remove();
  }

  private FakeKernel anew() throws IOException {
    root = Files.createTempDirectory(root, "kernel");
    boot();
    return kernel;
  }

  @Test
  void changesTheEntryOfOneDeviceAndSaysSo() throws IOException {
    Cgroup cgroup = kernel.v1().create("/box", resources(""), Owner.ROOT);
    kernel.set("blkio/box/blkio.throttle.read_bps_device", "8:0 5\n8:16 6");
    Resources faster = resources("block_io { throttle_read_bps_device { major: 8 rate: 9 } }");
    assertThat(cgroup.update(faster))
        .containsExactly(new SettingChange("blkio.throttle.read_bps_device", "8:0 5", "8:0 9"));
  }

  /** What was there | what is asked | what is written, with the last write failing. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory/box/memory.swappiness=60 | memory { swappiness: 5 } | memory.swappiness=5 memory.swappiness=60",
        "memory/box/memory.oom_control=oom_kill_disable 0 | memory { disable_oom_killer: true } | memory.oom_control=1 memory.oom_control=0",
        "blkio/box/blkio.throttle.read_bps_device=8:0 5 | block_io { throttle_read_bps_device { major: 8 rate: 9 } } | blkio.throttle.read_bps_device=8:0 9 blkio.throttle.read_bps_device=8:0 5",
        "blkio/box/blkio.throttle.read_bps_device= | block_io { throttle_read_bps_device { major: 8 rate: 9 } } | blkio.throttle.read_bps_device=8:0 9 blkio.throttle.read_bps_device=8:0 0",
        "blkio/box/blkio.bfq.weight_device= | block_io { weight_device { major: 8 weight: 20 } } | blkio.bfq.weight_device=8:0 20 blkio.bfq.weight_device=8:0 default",
        "net/box/net_prio.ifpriomap=lo 0\\neth0 3 | network { priorities { name: 'eth0' priority: 5 } } | net_prio.ifpriomap=eth0 5 net_prio.ifpriomap=eth0 3",
        "cpu/box/cpu.shares=512 | cpu { idle: 1 } | cpu.idle=1 cpu.idle=0 cpu.shares=512",
        "cpu/box/cpu.cfs_burst_us=30000 | cpu { quota: 20000 burst: 10000 } | cpu.cfs_burst_us=0 cpu.cfs_quota_us=20000 cpu.cfs_burst_us=10000 cpu.cfs_burst_us=0 cpu.cfs_quota_us=-1 cpu.cfs_burst_us=30000",
      })
  void takesBackWhatCameBeforeAFailure(String there, String asked, String written)
      throws IOException {
    Cgroup cgroup = kernel.v1().create("/box", resources(""), Owner.ROOT);
    String[] file = there.split("=", 2);
    kernel.set(file[0], file[1].replace("\\n", "\n"));
    kernel.broken.add("write rdma/box/rdma.max");
    kernel.writes.clear();
    Resources update = resources(asked + " rdma { key: 'mlx5_0' value { hca_handles: 1 } }");

    assertThatThrownBy(() -> cgroup.update(update)).isInstanceOf(CgroupException.class);
    assertThat(String.join(" ", kernel.writes)).isEqualTo(written);
  }

  @Test
  void takesBackAnEntryOfVersion2() throws IOException {
    Cgroup cgroup = kernel.v2().create("/box", resources(""), Owner.ROOT);
    kernel.set("unified/box/io.max", "8:0 rbps=5 wbps=max riops=max wiops=max");
    kernel.broken("write unified/box/memory.high", Errno.EINVAL);
    kernel.writes.clear();
    Resources update =
        resources(
            "block_io { throttle_write_bps_device { major: 8 rate: 9 } }"
                + " unified { key: 'memory.high' value: '1M' }");

    assertThatThrownBy(() -> cgroup.update(update)).isInstanceOf(CgroupException.class);
    assertThat(kernel.writes)
        .containsExactly("io.max=8:0 wbps=9", "io.max=8:0 rbps=5 wbps=max riops=max wiops=max");
  }

  /** What was there | an update | words of the refusal. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory/box/memory.usage_in_bytes=9000000 | memory { limit: 8388608 check_before_update: true } | not be below what is used (9000000)",
        "cpu/box/cpu.cfs_burst_us=30000 | cpu { quota: 20000 } | come with resources.cpu.burst to go below that (30000)",
        "cpu/box/cpu.idle=1 | cpu { shares: 512 } | come with resources.cpu.idle 0",
      })
  void refusesAnUpdateThatWhatIsThereContradicts(String there, String asked, String words)
      throws IOException {
    Cgroup cgroup = kernel.v1().create("/box", resources(""), Owner.ROOT);
    String[] file = there.split("=", 2);
    kernel.set(file[0], file[1]);
    kernel.writes.clear();

    assertThatThrownBy(() -> cgroup.update(resources(asked)))
        .isInstanceOf(InvalidResources.class)
        .hasMessageContaining(words);
    assertThat(kernel.writes).isEmpty();
  }

  /** The same of version 2's own files. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "cpu.max.burst=30000 | unified { key: 'cpu.max' value: '20000' } | come with cpu.max.burst to go below that (30000)",
        "cpu.max.burst=30000 | cpu { quota: 20000 } | come with resources.cpu.burst to go below that (30000)",
        "cpu.max=20000 100000 | unified { key: 'cpu.max.burst' value: '30000' } | have a cpu.max.burst from 0 to 20000",
        "cpu.idle=1 | unified { key: 'cpu.weight' value: '5' } | come with cpu.idle 0",
        "cpu.idle=1 | unified { key: 'cpu.weight.nice' value: '5' } | come with cpu.idle 0",
      })
  void refusesAnUpdateThatWhatIsThereInVersion2Contradicts(String there, String asked, String words)
      throws IOException {
    Cgroups cgroups = kernel.v2();
    kernel.more = List.of("cpu.weight.nice=0");
    cgroups.ensure("/above");
    Cgroup cgroup = cgroups.create("/above/box", resources(""), Owner.ROOT);
    String[] file = there.split("=", 2);
    kernel.set("unified/above/box/" + file[0], file[1]);
    kernel.writes.clear();

    assertThatThrownBy(() -> cgroup.update(resources(asked)))
        .isInstanceOf(InvalidResources.class)
        .hasMessageContaining(words);
    assertThat(kernel.writes).isEmpty();
  }

  @Test
  void refusesRealTimeThatOthersHave() throws IOException {
    Cgroups cgroups = kernel.v1();
    cgroups.ensure("/above");
    kernel.set("cpu/above/cpu.rt_runtime_us", "500000");
    Cgroup living = cgroups.create("/above/other", realtime(200_000), Owner.ROOT);
    Cgroup sandbox = cgroups.create("/above/sandbox", realtime(200_000), Owner.ROOT);
    cgroups.create("/above/sandbox/ctr-1", realtime(150_000), Owner.ROOT);

    assertRefused(
        cgroups,
        "cpu { realtime_runtime: 100002 }",
        "cpu.realtime_runtime",
        "leave to the others in /above what they have (40 % of the time, of its 50 %)");
    assertRealtimeRefused(() -> living.update(realtime(300_002)), "leave to the others in /above");
    assertRealtimeRefused(
        () -> sandbox.update(realtime(149_990)), "not be less than those in it have (15 %");
    assertRealtimeRefused(() -> sandbox.update(realtime(0)), "lower that first");
    assertRealtimeRefused(
        () -> cgroups.require("/above/none", realtime(1)), "than that of /above/none (0 of");
    living.update(realtime(300_000));
    sandbox.update(realtime(150_000));
  }

  private static Resources realtime(long runtime) throws IOException {
    return resources("cpu { realtime_runtime: " + runtime + " }");
  }

  private static void assertRealtimeRefused(ThrowingCallable call, String words) {
    assertThatThrownBy(call)
        .isInstanceOf(InvalidResources.class)
        .hasMessageStartingWith("resources.cpu.realtime_runtime must ")
        .hasMessageContaining(words);
  }

  /** Others may have taken it between the look and the write. */
  @Test
  void tellsOfRealTimeThatOthersHaveTaken() throws IOException {
    Cgroups cgroups = kernel.v1();
    cgroups.ensure("/above");
    kernel.set("cpu/above/cpu.rt_runtime_us", "500000");
    Cgroup living = cgroups.create("/above/living", resources(""), Owner.ROOT);
    kernel.broken("write cpu/above/box/cpu.rt_runtime_us", Errno.EINVAL);
    kernel.broken("write cpu/above/living/cpu.rt_runtime_us", Errno.EINVAL);

    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> cgroups.create("/above/box", realtime(300_000), Owner.ROOT),
            () -> living.update(realtime(300_000)))) {
      assertThatThrownBy(call)
          .isInstanceOfSatisfying(
              CgroupException.class,
              failed -> assertThat(failed.kind()).isEqualTo(CgroupException.Kind.SHORT))
          .hasMessageContaining("less real-time left beside what others in it have");
    }
  }

  /** What weighs the disk 8:0 | what is asked | the field | words of the sentence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "cost | block_io { weight_device { major: 8 weight: 10 } } | block_io.weight_device[0] | io.cost does not run on it: write '8:0 enable=1' to",
        "cost | unified { key: 'io.weight' value: '8:0 5' } | unified | io.cost does not run on it",
        "bfq | block_io { weight_device { major: 8 weight: 10 } } | block_io.weight_device[0] | BFQ does not schedule it: write bfq to /sys/dev/block/8:0/queue/scheduler",
        "bfq | unified { key: 'io.bfq.weight' value: '8:0 5' } | unified | BFQ does not schedule it",
      })
  void refusesAWeightOfADiskThatNothingWeighs(
      String scheduler, String asked, String field, String words) throws IOException {
    kernel.setUp("dev/block/8:0/queue");
    kernel.set("sys/dev/block/8:0/queue/scheduler", "[none] mq-deadline bfq");
    if (scheduler.equals("bfq")) {
      kernel.more = List.of("io.bfq.weight=100");
    }
    Cgroups cgroups = kernel.v2();
    kernel.set("unified/io.cost.qos", "8:16 enable=1 ctrl=auto");
    assertRefused(cgroups, asked, field, words);

    kernel.set("sys/dev/block/8:0/queue/scheduler", "none mq-deadline [bfq]");
    kernel.set("unified/io.cost.qos", "8:0 enable=0 ctrl=auto\n8:16 enable=1 ctrl=auto");
    cgroups.require("/above", resources(asked));
  }

  @Test
  void looksAtNothingUsedUnlessItIsAsked() throws IOException {
    Cgroup cgroup = kernel.v1().create("/box", resources(""), Owner.ROOT);
    kernel.set("memory/box/memory.usage_in_bytes", "9000000");
    assertThat(cgroup.update(resources("memory { limit: 8388608 }")))
        .extracting(SettingChange::after)
        .containsExactly("8388608");
  }

  @Test
  void takesSwapAwayWithTheLimitOfMemory() throws IOException {
    Cgroup v1 =
        kernel
            .v1()
            .create("/box", resources("memory { limit: 8388608 swap: 8388608 }"), Owner.ROOT);
    kernel.writes.clear();
    v1.update(resources("memory { limit: -1 }"));
    assertThat(kernel.writes)
        .containsExactly("memory.memsw.limit_in_bytes=-1", "memory.limit_in_bytes=-1");
    Cgroup v2 = anew().v2().create("/box", resources(""), Owner.ROOT);
    kernel.writes.clear();
    v2.update(resources("memory { limit: -1 }"));
    assertThat(kernel.writes).containsExactly("memory.swap.max=max", "memory.max=max");
  }

  @Test
  void changesRealTimeInAnOrderThatNeverHasMoreThanThePeriod() throws IOException {
    Cgroup cgroup = kernel.v1().create("/box", resources(""), Owner.ROOT);
    kernel.writes.clear();
    cgroup.update(resources("cpu { realtime_runtime: 0 realtime_period: 500000 }"));
    cgroup.update(resources("cpu { realtime_runtime: 0 realtime_period: 900000 }"));
    assertThat(kernel.writes.stream().map(w -> w.split("=", 2)[0]).collect(Collectors.toList()))
        .containsExactly(
            "cpu.rt_runtime_us", "cpu.rt_period_us", "cpu.rt_period_us", "cpu.rt_runtime_us");
  }

  private static Resources resources(String text) throws IOException {
    return TextFormat.parse(text, Resources.class);
  }
}
