package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Resources;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Files of version 2 by their own names. Only those that are known to bound or weigh their cgroup
 * and nothing else: others move processes ({@code cgroup.procs}), stop them, change the tree
 * ({@code cgroup.subtree_control}, {@code cgroup.type}), take CPUs from everybody ({@code
 * cpuset.cpus.partition}), hold up neighbours ({@code io.latency}, {@code io.prio.class}), or
 * whoever writes ({@code memory.reclaim}). A kernel's new file is none of them until it is listed
 * here.
 *
 * @param files in the order of writing: by name
 */
record Unified(SortedMap<String, String> files) {
  static final String FIELD = "resources.unified";
  private static final int MAX_FILES = 32;
  private static final int MAX_BYTES = 1_024;

  private static final String CPUS = "cpuset.cpus";
  private static final String MEMS = "cpuset.mems";
  private static final String NICE = "cpu.weight.nice";
  private static final String RDMA = "rdma.max";

  /** Without zeros before it: the kernel takes 010 for 8. */
  private static final String NUMBER = "(0|[1-9]\\d{0,%d})";

  /** All below 2^63: what is above memparse in lib/cmdline.c cuts off. */
  private static final String BYTES =
      String.join(
          "|",
          V2Files.MAX,
          NUMBER.formatted(17),
          NUMBER.formatted(14) + "K",
          NUMBER.formatted(11) + "M",
          NUMBER.formatted(8) + "G",
          NUMBER.formatted(5) + "T");

  private static final String SWITCH = "[01]";
  private static final String LIST = "\\d{1,4}(-\\d{1,4})?(,\\d{1,4}(-\\d{1,4})?)*";
  private static final String DEVICE = "\\d{1,4}:\\d{1,7}";

  /** Not every kernel takes 1. Source: tg_set_limit in block/blk-throttle.c, over the years. */
  private static final String RATE = "(max|[2-9]|[1-9]\\d{1,18})";

  /**
   * Files that are written.
   *
   * @param line what the file takes in one
   * @param words that tell of it
   */
  private record Known(Pattern name, Pattern line, String words) {
    static Known of(String name, String line, String words) {
      return new Known(Pattern.compile(name), Pattern.compile(line), words);
    }
  }

  /** Sources: the kernel's cgroup-v2.rst, and who reads what is written. */
  private static final List<Known> KNOWN =
      List.of(
          Known.of("cpu\\.weight", "[1-9]\\d{0,3}|10000", "1 to 10000"),
          Known.of("cpu\\.weight\\.nice", "-20|-?1?\\d", "-20 to 19"),
          Known.of(
              "cpu\\.max",
              "(max|[1-9]\\d{3,13})( ([1-9]\\d{3,5}|1000000))?",
              "max or a quota from 1000 to "
                  + Limits.MAX_QUOTA_MICROS
                  + ", and a period from 1000 to 1000000"),
          Known.of("cpu\\.max\\.burst", NUMBER.formatted(13), "0 to " + Limits.MAX_QUOTA_MICROS),
          Known.of("cpu\\.idle", SWITCH, "0 or 1"),
          Known.of(
              "cpu\\.uclamp\\.(min|max)",
              "max|100(\\.0{1,2})?|\\d{1,2}(\\.\\d{1,2})?",
              "max or a percentage from 0 to 100"),
          Known.of("cpuset\\.(cpus|mems)", LIST, "a list as in 0-3,7"),
          Known.of(
              "memory\\.(min|low|high|swap\\.high|swap\\.max|zswap\\.max)",
              BYTES,
              "max or bytes, as in 64M"),
          Known.of("memory\\.(oom\\.group|zswap\\.writeback)", SWITCH, "0 or 1"),
          Known.of("io\\.weight", weight("[1-9]\\d{0,3}|10000"), "1 to 10000, or a disk and that"),
          Known.of(
              "io\\.bfq\\.weight", weight("[1-9]\\d{0,2}|1000"), "1 to 1000, or a disk and that"),
          Known.of(
              "io\\.max",
              DEVICE + "( [rw](bps|iops)=" + RATE + "){1,4}",
              "a disk and rates that are max or at least 2, as in 8:0 rbps=1048576"),
          Known.of(
              "hugetlb\\.[1-9]\\d{0,2}[KMG]B\\.(rsvd\\.)?max", BYTES, "max or bytes, as in 64M"),
          Known.of(
              "rdma\\.max",
              "(?!\\.{1,2} )[\\w.-]{1,63}( hca_(handle|object)=(max|"
                  + NUMBER.formatted(9)
                  + ")){1,2}",
              "a device and counts that are max or up to "
                  + Limits.MAX_RDMA
                  + ", as in mlx5_0 hca_handle=2"));

  private static String weight(String numbers) {
    return "(default )?(" + numbers + ")|" + DEVICE + " (default|" + numbers + ")";
  }

  /** The guard reads their own fields alone. */
  private static final Map<String, String> BY_FIELD =
      Map.of("memory.max", "resources.memory.limit", "pids.max", "resources.pids.limit");

  /** Which file says the same in other words, or contradicts it. */
  private static final Map<String, Set<String>> SAME =
      Map.of(
          V2Files.WEIGHT,
          Set.of(V2Files.IDLE),
          NICE,
          Set.of(V2Files.WEIGHT, V2Files.IDLE),
          V2Files.IDLE,
          Set.of(V2Files.WEIGHT),
          V2Files.DISK_WEIGHT,
          Set.of("io.bfq.weight"),
          "io.bfq.weight",
          Set.of(V2Files.DISK_WEIGHT));

  static Unified of(Resources resources) {
    Map<String, String> given = resources.getUnifiedMap();
    if (given.size() > MAX_FILES) {
      throw InvalidResources.invalid(FIELD, "name at most " + MAX_FILES + " files", given.size());
    }
    SortedMap<String, String> files = new TreeMap<>(given);
    files.forEach(Unified::check);
    Unified unified = new Unified(files);
    unified.requireOneWeight();
    return unified;
  }

  private static void check(String file, String value) {
    if (BY_FIELD.containsKey(file)) {
      throw InvalidResources.invalid(FIELD, "leave that to " + BY_FIELD.get(file), file);
    }
    Known known =
        KNOWN.stream()
            .filter(one -> one.name().matcher(file).matches())
            .findFirst()
            .orElseThrow(() ->
                InvalidResources.invalid(
                    FIELD, "name limits and weights of cgroup v2, as memory.high", file));
    if (value.length() > MAX_BYTES || value.isBlank() || !isTaken(known, file, lines(value))) {
      throw InvalidResources.invalid(
          FIELD,
          "have for " + file + " what that file of the kernel takes (" + known.words() + ")",
          value);
    }
  }

  private static boolean isTaken(Known known, String file, List<String> lines) {
    boolean entries = !none(file, lines.getFirst()).isEmpty();
    return (entries || lines.size() == 1)
        && lines.stream()
            .allMatch(line -> known.line().matcher(line).matches() && isWithin(file, line));
  }

  /** What a pattern does not say. */
  private static boolean isWithin(String file, String line) {
    return switch (file) {
      case V2Files.CPU_MAX, V2Files.BURST -> quota(line) <= Limits.MAX_QUOTA_MICROS;
      case CPUS, MEMS -> IdList.of(line).isPresent();
      case RDMA -> counts(line).allMatch(count -> count <= Limits.MAX_RDMA);
      default -> true;
    };
  }

  private static LongStream counts(String line) {
    return Arrays.stream(line.split(" ", -1))
        .skip(1) // whose they are
        .map(count -> count.substring(count.indexOf('=') + 1))
        .filter(count -> !count.equals(V2Files.MAX))
        .mapToLong(Long::parseLong);
  }

  private static long quota(String line) {
    String quota = line.split(" ", -1)[0];
    return quota.equals(V2Files.MAX) ? Limits.UNLIMITED : Long.parseLong(quota);
  }

  private static List<String> lines(String value) {
    return value.lines().toList();
  }

  /** The kernel gives the idle class no weight, and keeps the last of two. */
  private void requireOneWeight() {
    if (files.getOrDefault(V2Files.IDLE, "").startsWith("1")) {
      requireApart(V2Files.IDLE, V2Files.WEIGHT);
      requireApart(V2Files.IDLE, NICE);
    }
    requireApart(V2Files.WEIGHT, NICE);
  }

  private void requireApart(String one, String other) {
    if (files.containsKey(one) && files.containsKey(other)) {
      throw InvalidResources.invalid(
          FIELD, "not have " + one + " and " + other + ": leave one of them away", other);
    }
  }

  /**
   * Refuses to save up more than there is.
   *
   * @param quota microseconds, as it is asked for; empty: what is there is not known here
   */
  void requireBurstWithin(OptionalLong quota) {
    long burst = burst().orElse(0);
    if (burst == 0 || quota.isEmpty()) {
      return;
    }
    long most = Math.max(0, Limits.mostBurst(quota.getAsLong())); // of no quota nothing is left
    if (burst > most) {
      throw InvalidResources.invalid(
          FIELD, "have a cpu.max.burst from 0 to " + most + ", which its quota allows", burst);
    }
  }

  /** As {@link Limits#quota()}. */
  OptionalLong quota() {
    return number(V2Files.CPU_MAX);
  }

  /** As {@link Limits#burst()}. */
  OptionalLong burst() {
    return number(V2Files.BURST);
  }

  private OptionalLong number(String file) {
    return files.containsKey(file)
        ? OptionalLong.of(quota(lines(files.get(file)).getFirst()))
        : OptionalLong.empty();
  }

  /**
   * As {@link Limits#ids}.
   *
   * @param what {@code cpus} or {@code mems}
   */
  Optional<IdList> ids(String what) {
    return Optional.ofNullable(files.get("cpuset." + what))
        .flatMap(text -> IdList.of(lines(text).getFirst()));
  }

  /** Whether it has a weight, in either scale: an idle cgroup takes none. */
  boolean weighs() {
    return files.containsKey(V2Files.WEIGHT) || files.containsKey(NICE);
  }

  /** Every disk that is named. */
  List<BlockIo.Device> disks() {
    return keys("io.").filter(key -> key.contains(":")).map(Unified::disk).toList();
  }

  private static BlockIo.Device disk(String key) {
    String[] numbers = key.split(":", -1);
    return new BlockIo.Device(Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), FIELD);
  }

  /** First words, which say whose an entry is. */
  private Stream<String> keys(String start) {
    return files.entrySet().stream()
        .filter(file -> file.getKey().startsWith(start))
        .flatMap(file -> lines(file.getValue()).stream())
        .map(line -> line.split(" ", -1)[0]);
  }

  /** As the kernel writes them, {@code 2MB}. */
  Set<String> pageSizes() {
    return files.keySet().stream()
        .filter(file -> file.startsWith("hugetlb."))
        .map(file -> file.split("\\.", -1)[1])
        .collect(Collectors.toSet());
  }

  Set<String> rdmaDevices() {
    return keys(RDMA).collect(Collectors.toSet());
  }

  /** Refuses what another field says too. */
  void requireApartFrom(List<Setting> settings) {
    for (Setting setting : settings) {
      files.keySet().stream()
          .filter(file -> file.equals(setting.file()) || isSaidToo(file, setting))
          .findFirst()
          .ifPresent(file -> {
            throw InvalidResources.invalid(
                FIELD, "not say what " + setting.field() + " says: leave one of them away", file);
          });
    }
  }

  /** In other words, or in words against it: not to be idle says nothing of the weight. */
  private static boolean isSaidToo(String file, Setting setting) {
    boolean busy = setting.file().equals(V2Files.IDLE) && setting.value().equals("0");
    return !busy && SAME.getOrDefault(file, Set.of()).contains(setting.file());
  }

  /** The files that these settings say all of: not one of those with entries for many things. */
  static Set<String> saidBy(List<Setting> settings) {
    Set<String> said = new HashSet<>();
    for (Setting setting : settings) {
      said.add(setting.file());
      SAME.keySet().stream().filter(file -> isSaidToo(file, setting)).forEach(said::add);
    }
    said.removeIf(file -> !none(file, "").isEmpty());
    return said;
  }

  List<Setting> settings() {
    List<Setting> settings = new ArrayList<>();
    files.forEach((file, value) -> lines(value).forEach(line -> settings.add(setting(file, line))));
    return settings;
  }

  private static Setting setting(String file, String line) {
    Controller controller =
        Controller.named(file.substring(0, file.indexOf('.')), true).orElseThrow();
    return new Setting(controller, file, entry(file, line), FIELD, none(file, line));
  }

  /** What all devices have by default is an entry, too. */
  private static String entry(String file, String line) {
    return file.endsWith(".weight") && file.startsWith("io.") && !line.contains(" ")
        ? "default " + line
        : line;
  }

  /** What takes such an entry away. */
  private static String none(String file, String line) {
    return switch (file) {
      case V2Files.DISK_WEIGHT, "io.bfq.weight" ->
          line.contains(":") ? "default" : V2Files.USUAL_WEIGHT;
      case "io.max" -> V2Files.NO_CEILING;
      case RDMA -> V1Files.NO_RDMA_LIMIT;
      default -> "";
    };
  }
}
