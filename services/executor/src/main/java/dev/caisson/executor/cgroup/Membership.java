package dev.caisson.executor.cgroup;

import java.util.HashMap;
import java.util.Map;

/**
 * In which cgroups a process is: {@code /proc/‹pid›/cgroup}. Source: cgroups(7). The paths of the
 * hierarchies may differ.
 *
 * @param paths by controller ({@code memory}), by name ({@code name=systemd}), and for v2 by the
 *     empty string
 */
public record Membership(Map<String, String> paths) {
  public Membership {
    paths = Map.copyOf(paths);
  }

  /** Lines that are none are skipped. */
  public static Membership parse(String text) {
    Map<String, String> paths = new HashMap<>();
    text.lines()
        .map(line -> line.split(":", 3))
        .filter(f -> f.length == 3)
        .forEach(f -> put(paths, f));
    return new Membership(paths);
  }

  private static void put(Map<String, String> paths, String[] fields) {
    for (String controller : fields[1].split(",", -1)) {
      paths.put(controller, fields[2]);
    }
  }
}
