package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Resources;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

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
  private static final String FIELD = "resources.unified";
  private static final int MAX_FILES = 32;
  private static final int MAX_BYTES = 1_024;

  private static final String NUMBER = "\\d{1,19}";
  private static final String BYTES = "max|\\d{1,18}[KMGT]?";
  private static final String SWITCH = "[01]";
  private static final String LIST = "\\d{1,4}(-\\d{1,4})?(,\\d{1,4}(-\\d{1,4})?)*";
  private static final String DEVICE = "\\d{1,4}:\\d{1,7}";
  private static final String COUNT = "(max|" + NUMBER + ")";

  /** Of a name, what the file takes in a line. Source: the kernel's cgroup-v2.rst. */
  private static final Map<Pattern, Pattern> KNOWN = known();

  /** The guard reads their own fields alone. */
  private static final Map<String, String> BY_FIELD =
      Map.of("memory.max", "resources.memory.limit", "pids.max", "resources.pids.limit");

  /** Which file says the same in other words, or contradicts it. */
  private static final Map<String, Set<String>> SAME =
      Map.of(
          "cpu.weight", Set.of("cpu.idle"),
          "cpu.weight.nice", Set.of("cpu.weight", "cpu.idle"),
          "cpu.idle", Set.of("cpu.weight"),
          "io.weight", Set.of("io.bfq.weight"),
          "io.bfq.weight", Set.of("io.weight"));

  private static Map<Pattern, Pattern> known() {
    Map<String, String> known = new LinkedHashMap<>();
    known.put("cpu\\.weight", "[1-9]\\d{0,4}");
    known.put("cpu\\.weight\\.nice", "-?\\d{1,2}");
    known.put("cpu\\.max", COUNT + "( \\d{1,7})?");
    known.put("cpu\\.max\\.burst", NUMBER);
    known.put("cpu\\.idle", SWITCH);
    known.put("cpu\\.uclamp\\.(min|max)", "max|\\d{1,3}(\\.\\d{1,2})?");
    known.put("cpuset\\.(cpus|mems)", LIST);
    known.put("memory\\.(min|low|high|swap\\.high|swap\\.max|zswap\\.max)", BYTES);
    known.put("memory\\.(oom\\.group|zswap\\.writeback)", SWITCH);
    known.put("io\\.(bfq\\.)?weight", "(default |" + DEVICE + " )?(default|\\d{1,5})");
    known.put("io\\.max", DEVICE + "( [rw](bps|iops)=" + COUNT + "){1,4}");
    known.put("hugetlb\\.[1-9]\\d{0,2}[KMG]B\\.(rsvd\\.)?max", BYTES);
    known.put("rdma\\.max", "[\\w.-]{1,63}( hca_(handle|object)=" + COUNT + "){1,2}");
    Map<Pattern, Pattern> patterns = new LinkedHashMap<>();
    known.forEach((name, line) -> patterns.put(Pattern.compile(name), Pattern.compile(line)));
    return patterns;
  }

  static Unified of(Resources resources) {
    Map<String, String> given = resources.getUnifiedMap();
    if (given.size() > MAX_FILES) {
      throw InvalidResources.invalid(FIELD, "name at most " + MAX_FILES + " files", given.size());
    }
    SortedMap<String, String> files = new TreeMap<>(given);
    files.forEach(Unified::check);
    return new Unified(files);
  }

  private static void check(String file, String value) {
    if (BY_FIELD.containsKey(file)) {
      throw InvalidResources.invalid(FIELD, "leave that to " + BY_FIELD.get(file), file);
    }
    Pattern line =
        KNOWN.entrySet().stream()
            .filter(known -> known.getKey().matcher(file).matches())
            .findFirst()
            .map(Map.Entry::getValue)
            .orElseThrow(() ->
                InvalidResources.invalid(
                    FIELD, "name limits and weights of cgroup v2, as memory.high", file));
    boolean right =
        value.length() <= MAX_BYTES
            && !value.isBlank()
            && lines(value).stream().allMatch(one -> line.matcher(one).matches());
    if (!right) {
      throw InvalidResources.invalid(
          FIELD, "have for " + file + " what that file of the kernel takes", value);
    }
  }

  private static List<String> lines(String value) {
    return value.lines().toList();
  }

  /** Refuses what another field says too. */
  void requireApartFrom(List<Setting> settings) {
    for (Setting setting : settings) {
      files.keySet().stream()
          .filter(file ->
              file.equals(setting.file())
                  || SAME.getOrDefault(file, Set.of()).contains(setting.file()))
          .findFirst()
          .ifPresent(file -> {
            throw InvalidResources.invalid(
                FIELD, "not say what " + setting.field() + " says: leave one of them away", file);
          });
    }
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
      case "io.weight", "io.bfq.weight" -> line.contains(":") ? "default" : V2Files.USUAL_WEIGHT;
      case "io.max" -> V2Files.NO_CEILING;
      case "rdma.max" -> V1Files.NO_RDMA_LIMIT;
      default -> "";
    };
  }
}
