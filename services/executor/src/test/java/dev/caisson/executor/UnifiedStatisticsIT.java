package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.TextFormat;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IoStatistics.Device;
import dev.caisson.proto.types.v1.Statistics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is read of a container is what its files say, where all controllers are of version 2. */
class UnifiedStatisticsIT extends OnNode {
  private static final Path TREE = Path.of("/sys/fs/cgroup");
  private static final String SWAP_MIB = "64";

  /** Memory beyond the limit, disk, CPU time beyond the quota, more processes than it may have. */
  private static final String LOAD =
      "dd if=/dev/zero of=/dev/shm/f bs=1M count=24;"
          + " dd if=/dev/zero of=/shared/f bs=64k count=16 oflag=direct;"
          + " dd if=/shared/f of=/dev/null bs=64k iflag=direct;"
          + " i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done;"
          + " (for i in 1 2 3 4 5 6; do sleep 600 & done);"
          + " > /shared/done; exec sleep 600";

  private static final long MOVED = 16 * 65_536;

  /**
   * A field and where the kernel says the same.
   *
   * @param key of the file's line; a digit: which of its words
   * @param scale how many of the field's units one of the file's is
   */
  private record Figure(String field, String file, String key, long scale) {
    static Figure of(String line) {
      String[] words = line.split(" +", -1);
      return new Figure(words[0], words[1], words[2], Long.parseLong(words[3]));
    }

    /** Empty: there is no such file or line, or it says that there is no limit. */
    Optional<Long> inKernel(Path cgroup) {
      Path path = cgroup.resolve(file);
      return Files.exists(path)
          ? word(text(path))
              .filter(word -> !word.equals("max"))
              .map(Long::parseLong)
              .map(this::scaled)
          : Optional.empty();
    }

    private long scaled(long value) {
      return value * scale;
    }

    /** The last of its line: {@code max 3}, {@code some avg10=0.00 … total=3}. */
    private Optional<String> word(String text) {
      return key.matches("\\d")
          ? Optional.of(text.split(" ", -1)[Integer.parseInt(key)])
          : text.lines()
              .filter(line -> line.startsWith(key + " "))
              .map(line -> line.substring(line.lastIndexOf(' ') + 1).replace("total=", ""))
              .findFirst();
    }
  }

  private static final List<Figure> FIGURES =
      """
      cpu.usage_nanoseconds cpu.stat usage_usec 1000
      cpu.user_nanoseconds cpu.stat user_usec 1000
      cpu.system_nanoseconds cpu.stat system_usec 1000
      cpu.periods cpu.stat nr_periods 1
      cpu.throttled_periods cpu.stat nr_throttled 1
      cpu.throttled_nanoseconds cpu.stat throttled_usec 1000
      cpu.bursts cpu.stat nr_bursts 1
      cpu.burst_nanoseconds cpu.stat burst_usec 1000
      cpu.quota_microseconds cpu.max 0 1
      cpu.period_microseconds cpu.max 1 1
      cpu.pressure.some.total_microseconds cpu.pressure some 1
      cpu.pressure.full.total_microseconds cpu.pressure full 1
      memory.usage_bytes memory.current 0 1
      memory.max_usage_bytes memory.peak 0 1
      memory.limit_bytes memory.max 0 1
      memory.swap_bytes memory.swap.current 0 1
      memory.max_swap_bytes memory.swap.peak 0 1
      memory.swap_limit_bytes memory.swap.max 0 1
      memory.swap_limit_hits memory.swap.events max 1
      memory.anonymous_bytes memory.stat anon 1
      memory.file_bytes memory.stat file 1
      memory.shared_bytes memory.stat shmem 1
      memory.mapped_file_bytes memory.stat file_mapped 1
      memory.kernel_bytes memory.stat kernel 1
      memory.socket_bytes memory.stat sock 1
      memory.page_faults memory.stat pgfault 1
      memory.major_page_faults memory.stat pgmajfault 1
      memory.low_hits memory.events low 1
      memory.high_hits memory.events high 1
      memory.limit_hits memory.events max 1
      memory.out_of_memory memory.events oom 1
      memory.oom_kills memory.events oom_kill 1
      memory.oom_group_kills memory.events oom_group_kill 1
      memory.pressure.some.total_microseconds memory.pressure some 1
      memory.pressure.full.total_microseconds memory.pressure full 1
      pids.current pids.current 0 1
      pids.max pids.peak 0 1
      pids.limit pids.max 0 1
      pids.limit_hits pids.events max 1
      io.pressure.some.total_microseconds io.pressure some 1
      io.pressure.full.total_microseconds io.pressure full 1
      """
          .lines()
          .map(Figure::of)
          .toList();

  /** What such a load must have moved. */
  private static final List<String> POSITIVE =
      List.of(
          "cpu.user_nanoseconds",
          "cpu.throttled_nanoseconds",
          "memory.max_usage_bytes",
          "memory.swap_bytes",
          "memory.shared_bytes",
          "memory.page_faults",
          "memory.limit_hits",
          "memory.pressure.some.total_microseconds",
          "pids.limit_hits");

  private Path swap;

  @BeforeEach
  void makeSwap() throws IOException {
    assumeTrue(
        Files.exists(TREE.resolve("cgroup.controllers")),
        "Skipped: needs pure cgroup v2: tests/guest/run.sh has it");
    swap = node.base().resolve("swap");
    onHost("dd", "if=/dev/zero", "of=" + swap, "bs=1M", "count=" + SWAP_MIB);
    onHost("chmod", "600", swap.toString());
    onHost("mkswap", swap.toString());
    onHost("swapon", swap.toString());
  }

  @AfterEach
  void endSwap() throws IOException {
    node.deleteEverything(); // what it has swapped out would be read again
    if (swap != null) {
      onHost("swapoff", swap.toString());
      Files.delete(swap);
    }
  }

  @Test
  void statisticsAreTheKernels() throws Exception {
    ContainerSpec.Builder spec = node.shell(LOAD);
    TextFormat.merge(
        "memory { limit: 16777216 swap: 67108864 } pids { limit: 5 }"
            + " cpu { quota: 50000 period: 100000 burst: 10000 }",
        spec.getResourcesBuilder());
    Path done = node.share(spec).resolve("done");
    Path cgroup = TREE.resolve(node.started("c", spec).getCgroup().substring(1));
    TestNode.eventually("it has done all", () -> Files.exists(done));
    node.pause("c");

    TestNode.eventually(
        "they are the same",
        () -> differences(cgroup).isEmpty(),
        () -> assertThat(differences(cgroup)).isEmpty());
    Map<String, Long> ours = Numbers.of(statistics());
    assertThat(ours).containsKeys(POSITIVE.toArray(String[]::new));
    assertThat(POSITIVE).allSatisfy(field -> assertThat(ours.get(field)).as(field).isPositive());
    assertThat(ours.keySet())
        .as("what is compared with no file")
        .filteredOn(field -> FIGURES.stream().noneMatch(one -> one.field().equals(field)))
        .allMatch(field -> field.matches("time.*|network.*|io.devices.*|memory.working_set_bytes"));
    assertThat(statistics().getCpuset().getCpus())
        .isEqualTo(text(cgroup.resolve("cpuset.cpus.effective")));
    assertThat(statistics().getIo().getDevicesList())
        .anyMatch(disk -> disk.getWriteBytes() >= MOVED && disk.getReadBytes() >= MOVED);
  }

  /** In words. The kernel brings {@code memory.stat} up to date within 2 s. */
  private static List<String> differences(Path cgroup) {
    Statistics statistics = statistics();
    Map<String, Long> ours = Numbers.of(statistics);
    List<String> different = new ArrayList<>();
    for (Figure figure : FIGURES) {
      Optional<Long> theirs = figure.inKernel(cgroup);
      if (!theirs.equals(read(ours, figure.field()))) {
        different.add(figure + ": " + ours.get(figure.field()) + ", the kernel's " + theirs);
      }
    }
    long inactive =
        new Figure("", "memory.stat", "inactive_file", 1).inKernel(cgroup).orElseThrow();
    if (statistics.getMemory().getWorkingSetBytes()
        != Math.max(0, statistics.getMemory().getUsageBytes() - inactive)) {
      different.add("working set beside inactive_file " + inactive);
    }
    List<String> disks =
        statistics.getIo().getDevicesList().stream().map(UnifiedStatisticsIT::line).toList();
    if (!disks.equals(text(cgroup.resolve("io.stat")).lines().toList())) {
      different.add("io.stat: " + disks);
    }
    return different;
  }

  /** Of what has no limit and is 0, the message says nothing. */
  private static Optional<Long> read(Map<String, Long> ours, String field) {
    return Optional.ofNullable(
        field.endsWith("total_microseconds") ? ours.getOrDefault(field, 0L) : ours.get(field));
  }

  private static String line(Device device) {
    return "%d:%d rbytes=%d wbytes=%d rios=%d wios=%d dbytes=%d dios=%d"
        .formatted(
            device.getMajor(),
            device.getMinor(),
            device.getReadBytes(),
            device.getWriteBytes(),
            device.getReadOperations(),
            device.getWriteOperations(),
            device.getDiscardBytes(),
            device.getDiscardOperations());
  }

  private static Statistics statistics() {
    return node.stub()
        .getContainerStatistics(
            GetContainerStatisticsRequest.newBuilder()
                .setTenant(TestNode.TENANT)
                .setContainerId("c")
                .build());
  }

  private static String text(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
