package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import dev.caisson.proto.types.v1.Statistics;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Reads what is counted for one cgroup, from the hierarchy that each controller is in.
 *
 * @param directory of the cgroup there
 */
record Accounting(
    Hierarchies hierarchies, ControlFiles files, Function<Hierarchy, Path> directory) {
  static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/hugepages");

  private static final long KIBI = 1_024;
  private static final long MEBI = KIBI * KIBI;

  /**
   * @param alone whether nothing is below it: version 1 forgets with a cgroup what it has counted
   *     there of out-of-memory kills and of disks
   * @param raw as {@link Cgroup#statistics}
   */
  Statistics.Builder read(boolean alone, boolean raw) {
    Optional<StatFiles> unified = hierarchies.unified().map(this::in);
    Counted counted = new Counted(unified, raw);
    of(Controller.CPUACCT)
        .ifPresentOrElse(
            accounting -> counted.cpu1(accounting, of(Controller.CPU)),
            () -> unified.ifPresent(counted::cpu2));
    either(Controller.MEMORY, in -> counted.memory1(in, alone), counted::memory2);
    of(Controller.PIDS).ifPresent(counted::pids);
    either(Controller.IO, in -> counted.io1(in, alone), counted::io2);
    counted.ioPressure();
    either(Controller.CPUSET, counted::cpuset1, counted::cpuset2);
    for (String size : hugePages()) {
      either(
          Controller.HUGETLB,
          in -> counted.hugePages1(in, size),
          in -> counted.hugePages2(in, size));
    }
    of(Controller.RDMA).ifPresent(counted::rdma);
    return counted.get();
  }

  private void either(Controller controller, Consumer<StatFiles> one, Consumer<StatFiles> two) {
    hierarchies
        .of(controller)
        .ifPresent(hierarchy -> (hierarchy.unified() ? two : one).accept(in(hierarchy)));
  }

  private Optional<StatFiles> of(Controller controller) {
    return hierarchies.of(controller).map(this::in);
  }

  private StatFiles in(Hierarchy hierarchy) {
    return new StatFiles(directory.apply(hierarchy), files);
  }

  /** Their sizes, as in the names of control files. Empty: nothing counts them. */
  private List<String> hugePages() {
    if (hierarchies.of(Controller.HUGETLB).isEmpty()) {
      return List.of();
    }
    try {
      return files.childDirectories(HUGE_PAGES).stream()
          .flatMap(Accounting::size)
          .sorted()
          .toList();
    } catch (LinuxException e) {
      if (ControlFiles.isGone(e)) {
        return List.of();
      }
      throw new CgroupException("list", HUGE_PAGES, e);
    }
  }

  /** {@code hugepages-2048kB} is {@code 2MB}: mem_fmt() of the kernel's mm/hugetlb_cgroup.c. */
  private static Stream<String> size(Path pages) {
    OptionalLong kibibytes =
        FlatKeyed.number(pages.getFileName().toString().replaceAll("[^0-9]", ""));
    return kibibytes.stream().mapToObj(Accounting::size);
  }

  private static String size(long kibibytes) {
    if (kibibytes >= MEBI) {
      return kibibytes / MEBI + "GB";
    }
    return kibibytes >= KIBI ? kibibytes / KIBI + "MB" : kibibytes + "KB";
  }
}
