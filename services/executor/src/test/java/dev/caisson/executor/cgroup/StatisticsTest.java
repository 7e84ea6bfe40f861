package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TextFormat;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Statistics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which file of which version is which field. */
class StatisticsTest {
  private static final String PRESSURE =
      "some avg10=1.50 avg60=0.75 avg300=0.25 total=1234\n"
          + "full avg10=0.50 avg60=0.00 avg300=100.00 total=99";
  private static final String PRESSURE_READ =
      "pressure { some { average_10_percent: 1.5 average_60_percent: 0.75 average_300_percent: 0.25"
          + " total_microseconds: 1234 } full { average_10_percent: 0.5"
          + " average_300_percent: 100 total_microseconds: 99 } }";

  @TempDir Path root;
  private FakeKernel kernel;

  @BeforeEach
  void boot() {
    kernel = new FakeKernel(root);
  }

  private static Cgroup box(Cgroups cgroups) {
    return cgroups.create("/box", Resources.getDefaultInstance(), Owner.ROOT);
  }

  private void set(String directory, Map<String, String> files) throws IOException {
    for (var file : files.entrySet()) {
      kernel.set(directory + "/" + file.getKey(), file.getValue() + "\n");
    }
  }

  private static Statistics expected(String text) throws IOException {
    Statistics.Builder statistics = Statistics.newBuilder();
    TextFormat.merge(text, statistics);
    return statistics.build();
  }

  @Test
  void ofV1() throws IOException {
    Cgroup box = box(kernel.v1());
    setV1();

    assertThat(box.statistics(false).build())
        .isEqualTo(
            expected(
                """
                cpu { usage_nanoseconds: 123456789 user_nanoseconds: 70000000
                  system_nanoseconds: 50000000 per_cpu_nanoseconds: 100000000
                  per_cpu_nanoseconds: 23456789 per_cpu_user_nanoseconds: 60000000
                  per_cpu_user_nanoseconds: 10000000 per_cpu_system_nanoseconds: 40000000
                  per_cpu_system_nanoseconds: 13456789 quota_microseconds: 50000
                  period_microseconds: 200000 periods: 11 throttled_periods: 7
                  throttled_nanoseconds: 5555 bursts: 2 burst_nanoseconds: 333 }
                memory { usage_bytes: 40960 working_set_bytes: 36864 limit_bytes: 1048576
                  max_usage_bytes: 81920 anonymous_bytes: 8192 file_bytes: 16384
                  shared_bytes: 1000 mapped_file_bytes: 2000 kernel_bytes: 300 socket_bytes: 40
                  swap_bytes: 5000 swap_limit_bytes: 1048576 page_faults: 77
                  major_page_faults: 6 limit_hits: 9 oom_kills: 3
                  max_memory_and_swap_bytes: 90000 swap_limit_hits: 1 max_kernel_bytes: 500
                  kernel_limit_hits: 0 max_socket_bytes: 60 socket_limit_bytes: 70
                  socket_limit_hits: 2 }
                pids { current: 4 limit: 64 max: 12 limit_hits: 8 }
                io {
                  devices { major: 8 minor: 16 read_bytes: 1 write_bytes: 2 discard_bytes: 5
                    read_operations: 3 write_operations: 4 discard_operations: 6 }
                  devices { major: 254 read_bytes: 7 read_operations: 1 } }
                cpuset { cpus: "0-1" memory_nodes: "0" cpu_exclusive: true memory_exclusive: false
                  memory_hardwall: true memory_migrate: false memory_spread_page: true
                  memory_spread_slab: false memory_pressure: 12 sched_load_balance: true
                  sched_relax_domain_level: -1 }
                huge_pages { size: "1GB" usage_bytes: 0 }
                huge_pages { size: "2MB" usage_bytes: 4194304 limit_bytes: 8388608
                  max_usage_bytes: 6291456 limit_hits: 3 }
                rdma { device: "mlx5_0" handles: 2 objects: 30 objects_limit: 2000 }
                """));
  }

  private void setV1() throws IOException {
    set(
        "cpuacct/box",
        Map.of(
            "cpuacct.usage", "123456789",
            "cpuacct.stat", "user 7\nsystem 5",
            "cpuacct.usage_percpu", "100000000 23456789 ",
            "cpuacct.usage_all", "cpu user system\n0 60000000 40000000\n1 10000000 13456789"));
    set(
        "cpu/box",
        Map.of(
            "cpu.cfs_quota_us", "50000",
            "cpu.cfs_period_us", "200000",
            "cpu.stat",
                "nr_periods 11\nnr_throttled 7\nthrottled_time 5555\nnr_bursts 2\nburst_time 333"));
    set(
        "memory/box",
        Map.of(
            "memory.usage_in_bytes", "40960",
            "memory.limit_in_bytes", "1048576",
            "memory.memsw.limit_in_bytes", "2097152",
            "memory.max_usage_in_bytes", "81920",
            "memory.failcnt", "9",
            "memory.kmem.usage_in_bytes", "300",
            "memory.kmem.tcp.usage_in_bytes", "40",
            "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3",
            "memory.stat",
                """
                cache 1
                rss 1
                total_cache 16384
                total_rss 8192
                total_shmem 1000
                total_mapped_file 2000
                total_swap 5000
                total_pgfault 77
                total_pgmajfault 6
                total_inactive_file 4096\
                """));
    set(
        "memory/box",
        Map.of(
            "memory.memsw.max_usage_in_bytes", "90000",
            "memory.memsw.failcnt", "1",
            "memory.kmem.max_usage_in_bytes", "500",
            "memory.kmem.limit_in_bytes", "9223372036854771712",
            "memory.kmem.failcnt", "0",
            "memory.kmem.tcp.max_usage_in_bytes", "60",
            "memory.kmem.tcp.limit_in_bytes", "70",
            "memory.kmem.tcp.failcnt", "2"));
    set(
        "pids/box",
        Map.of("pids.current", "4", "pids.max", "64", "pids.peak", "12", "pids.events", "max 8"));
    set(
        "cpuset/box",
        Map.of(
            "cpuset.cpu_exclusive", "1",
            "cpuset.mem_exclusive", "0",
            "cpuset.mem_hardwall", "1",
            "cpuset.memory_migrate", "0",
            "cpuset.memory_spread_page", "1",
            "cpuset.memory_spread_slab", "0",
            "cpuset.memory_pressure", "12",
            "cpuset.sched_load_balance", "1",
            "cpuset.sched_relax_domain_level", "-1"));
    setV1OfFewHosts();
  }

  private void setV1OfFewHosts() throws IOException {
    set(
        "blkio/box",
        Map.of(
            "blkio.throttle.io_service_bytes_recursive",
            "8:16 Read 1\n8:16 Write 2\n8:16 Sync 1\n8:16 Async 2\n8:16 Discard 5\n8:16 Total 8\n"
                + "254:0 Read 7\nnonsense\n1:x Read 7\nTotal 15",
            "blkio.throttle.io_serviced_recursive",
            "8:16 Read 3\n8:16 Write 4\n8:16 Discard 6\n254:0 Read 1\n254:0 Write x\nTotal 14"));
    set(
        "hugetlb/box",
        Map.of(
            "hugetlb.2MB.usage_in_bytes", "4194304",
            "hugetlb.2MB.limit_in_bytes", "8388608",
            "hugetlb.2MB.max_usage_in_bytes", "6291456",
            "hugetlb.2MB.failcnt", "3",
            "hugetlb.1GB.usage_in_bytes", "0",
            "hugetlb.1GB.limit_in_bytes", "9223372035781033984"));
    set(
        "rdma/box",
        Map.of(
            "rdma.current", "mlx5_0 hca_handle=2 hca_object=30",
            "rdma.max", "mlx5_0 hca_handle=max hca_object=2000"));
  }

  @Test
  void ofV2() throws IOException {
    Cgroup box = box(kernel.v2());
    set(
        "unified/box",
        Map.of(
            "cpu.stat",
            "usage_usec 123456\nuser_usec 70000\nsystem_usec 53456\nnr_periods 11\n"
                + "nr_throttled 7\nthrottled_usec 55\nnr_bursts 2\nburst_usec 3",
            "cpu.max",
            "50000 200000",
            "cpu.pressure",
            PRESSURE,
            "io.pressure",
            PRESSURE,
            "io.stat",
            "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n254:0 rbytes=7 wbytes=0"
                + " rios=1 wios=0 dbytes=0 dios=0\nnonsense"));
    set(
        "unified/box",
        Map.of(
            "memory.current", "40960",
            "memory.peak", "81920",
            "memory.max", "1048576",
            "memory.swap.current", "5000",
            "memory.swap.max", "0",
            "memory.events", "low 7\nhigh 5\nmax 9\noom 1\noom_kill 3\noom_group_kill 2",
            "memory.stat",
                """
                anon 8192
                file 16384
                kernel 300
                shmem 1000
                file_mapped 2000
                sock 40
                inactive_file 4096
                pgfault 77
                pgmajfault 6\
                """,
            "pids.current", "4",
            "pids.peak", "12",
            "pids.events", "max 8"));

    set(
        "unified/box",
        Map.of(
            "memory.swap.peak", "6000",
            "memory.swap.events", "high 0\nmax 4\nfail 5",
            "hugetlb.2MB.current", "4194304",
            "hugetlb.2MB.max", "8388608",
            "hugetlb.2MB.events", "max 3",
            "rdma.current", "mlx5_0 hca_handle=2 hca_object=30"));

    assertThat(box.statistics(false).build())
        .isEqualTo(
            expected(
                """
                cpu { usage_nanoseconds: 123456000 user_nanoseconds: 70000000
                  system_nanoseconds: 53456000 quota_microseconds: 50000
                  period_microseconds: 200000 periods: 11 throttled_periods: 7
                  throttled_nanoseconds: 55000 bursts: 2 burst_nanoseconds: 3000 %1$s }
                memory { usage_bytes: 40960 working_set_bytes: 36864 limit_bytes: 1048576
                  max_usage_bytes: 81920 anonymous_bytes: 8192 file_bytes: 16384
                  shared_bytes: 1000 mapped_file_bytes: 2000 kernel_bytes: 300 socket_bytes: 40
                  swap_bytes: 5000 swap_limit_bytes: 0 page_faults: 77 major_page_faults: 6
                  limit_hits: 9 high_hits: 5 oom_kills: 3 low_hits: 7 out_of_memory: 1
                  oom_group_kills: 2 max_swap_bytes: 6000 swap_limit_hits: 4 }
                pids { current: 4 max: 12 limit_hits: 8 }
                cpuset { cpus: "0-1" memory_nodes: "0" }
                huge_pages { size: "2MB" usage_bytes: 4194304 limit_bytes: 8388608 limit_hits: 3 }
                rdma { device: "mlx5_0" handles: 2 objects: 30 }
                io { %1$s
                  devices { major: 8 minor: 16 read_bytes: 1 write_bytes: 2 read_operations: 3
                    write_operations: 4 discard_bytes: 5 discard_operations: 6 }
                  devices { major: 254 read_bytes: 7 read_operations: 1 } }
                """
                    .formatted(PRESSURE_READ)));
  }

  @Test
  void pressureOfAHybridHostIsInTheTreeOfVersion2() throws IOException {
    Cgroup box = box(kernel.hybrid());
    kernel.set("unified/box/memory.pressure", PRESSURE);

    Statistics statistics = box.statistics(false).build();

    assertThat(statistics.getMemory().getPressure().getSome().getTotalMicroseconds())
        .isEqualTo(1_234);
    assertThat(statistics.getCpu().hasPressure()).isFalse();
    assertThat(statistics.hasIo()).isFalse();
  }

  @Test
  void noLimitIsNone() throws IOException {
    Statistics v1 = box(kernel.v1()).statistics(false).build();

    assertThat(v1.getMemory().hasLimitBytes()).isFalse();
    assertThat(v1.getMemory().hasSwapLimitBytes()).isFalse();
    assertThat(v1.getCpu().hasQuotaMicroseconds()).isFalse();
    assertThat(v1.getPids().hasLimit()).isFalse();
  }

  @Test
  void workingSetIsNeverBelowZero() throws IOException {
    Cgroup box = box(kernel.v2());
    kernel.set("unified/box/memory.current", "4096");
    kernel.set("unified/box/memory.stat", "inactive_file 8192");

    assertThat(box.statistics(false).getMemory().getWorkingSetBytes()).isZero();
  }

  /** Version 1 counts for one cgroup alone, and what is below it may be gone tomorrow. */
  @Test
  void killsAndDisksOfASandboxAreNotKnownOfV1() throws IOException {
    Cgroups cgroups = kernel.v1();
    String path = new SandboxLayout("/", "01a22384-c52d-70c0-9c56-a3b9c7d03af0").sandbox();
    Cgroup sandbox = cgroups.create(path, Resources.getDefaultInstance(), Owner.ROOT);
    Cgroup box = box(cgroups);
    String read = "blkio.throttle.io_service_bytes_recursive";
    kernel.set("blkio" + path + "/" + read, "8:16 Read 1");
    kernel.set("blkio/box/" + read, "8:16 Read 1");

    assertThat(sandbox.statistics(false).getMemory().hasOomKills()).isFalse();
    assertThat(sandbox.statistics(false).hasIo()).isFalse();
    assertThat(box.statistics(false).getMemory().hasOomKills()).isTrue();
    assertThat(box.statistics(false).getIo().getDevicesList()).hasSize(1);
  }

  @Test
  void memoryStatAsItIsWhereItIsWanted() throws IOException {
    Cgroup box = box(kernel.v2());
    kernel.set("unified/box/memory.stat", "anon 8192\nslab_unreclaimable 77\nbroken\nfile x");

    assertThat(box.statistics(true).getMemory().getRawMap())
        .containsOnly(Map.entry("anon", 8_192L), Map.entry("slab_unreclaimable", 77L));
    assertThat(box.statistics(false).getMemory().getRawMap()).isEmpty();
  }
}
