package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Changes of a living cgroup's limits: in an order that the kernel takes, and taken back when one
 * fails.
 */
record Update(Hierarchies hierarchies, ControlFiles files, String path) {
  private static final System.Logger LOG = System.getLogger(Update.class.getName());

  List<SettingChange> apply(LimitsOnHost host, Limits limits) {
    List<Setting> settings = host.settings(limits, quotaNow(limits));
    requireSwapAbove(settings, limits);
    Deque<Written> written = new ArrayDeque<>();
    try {
      ordered(settings).forEach(setting -> written.addLast(write(setting)));
    } catch (CgroupException e) {
      takeBack(written);
      throw e;
    }
    return changes(written);
  }

  private record Written(Path file, SettingChange change) {}

  /** One for each file, however often it was written. */
  private static List<SettingChange> changes(Iterable<Written> written) {
    Map<String, SettingChange> byFile = new LinkedHashMap<>();
    for (Written w : written) {
      byFile.merge(w.change().file(), w.change(), Update::joined);
    }
    return List.copyOf(byFile.values());
  }

  private static SettingChange joined(SettingChange first, SettingChange last) {
    return new SettingChange(first.file(), first.before(), last.after());
  }

  /** v2 has both in one file: a period that comes alone keeps the quota. */
  private String quotaNow(Limits limits) {
    Optional<Hierarchy> v2 = hierarchies.of(Controller.CPU).filter(Hierarchy::unified);
    if (v2.isEmpty() || limits.period().isEmpty() || limits.quota().isPresent()) {
      return V2Files.MAX;
    }
    return read(v2.get().directory(path).resolve(V2Files.CPU_MAX)).split(" ", -1)[0];
  }

  /**
   * v1: memory alone may not be above memory and swap together, which keeps its value when it is
   * not given.
   */
  private void requireSwapAbove(List<Setting> settings, Limits limits) {
    if (find(settings, V1Files.MEMORY).isEmpty() || limits.swap().isPresent()) {
      return;
    }
    OptionalLong together = swapNow();
    long asked = limits.memory().orElseThrow();
    if (together.isPresent()
        && (asked == Limits.UNLIMITED ? !unlimited(together) : asked > together.getAsLong())) {
      throw InvalidResources.invalid(
          "resources.memory.limit",
          "come with resources.memory.swap to go above memory and swap together ("
              + together.getAsLong()
              + ")",
          asked);
    }
  }

  /** PAGE_COUNTER_MAX in bytes is 2^63 less a page. */
  private static boolean unlimited(OptionalLong bytes) {
    return bytes.getAsLong() > Long.MAX_VALUE - (1 << 16);
  }

  private OptionalLong swapNow() {
    Path file =
        hierarchies.of(Controller.MEMORY).orElseThrow().directory(path).resolve(V1Files.SWAP);
    return files.exists(file) ? FlatKeyed.number(read(file)) : OptionalLong.empty();
  }

  private List<Setting> ordered(List<Setting> settings) {
    List<Setting> order = new ArrayList<>(settings);
    Optional<Setting> memory = find(order, V1Files.MEMORY);
    Optional<Setting> swap = find(order, V1Files.SWAP);
    if (memory.isPresent() && swap.isPresent() && raises(swap.get())) {
      Collections.swap(order, order.indexOf(memory.get()), order.indexOf(swap.get()));
    }
    if (find(order, V1Files.QUOTA).isPresent() && find(order, V1Files.PERIOD).isPresent()) {
      order.addFirst(noQuota());
    }
    return order;
  }

  /**
   * v1: the old quota in the new period may be more than an ancestor allows; no quota at all never
   * is.
   */
  private static Setting noQuota() {
    return new Setting(Controller.CPU, V1Files.QUOTA, "-1", "");
  }

  private boolean raises(Setting swap) {
    long value = Long.parseLong(swap.value());
    OptionalLong now = swapNow();
    return value == Limits.UNLIMITED || (now.isPresent() && value > now.getAsLong());
  }

  private static Optional<Setting> find(List<Setting> settings, String file) {
    return settings.stream().filter(s -> s.file().equals(file)).findFirst();
  }

  private Written write(Setting setting) {
    Path file =
        hierarchies.of(setting.controller()).orElseThrow().directory(path).resolve(setting.file());
    String before = read(file);
    try {
      files.write(file, setting.value());
    } catch (LinuxException e) {
      throw new CgroupException("write " + setting.value() + " to", file, e);
    }
    SettingChange change = new SettingChange(setting.file(), before, read(file));
    return new Written(file, change);
  }

  private String read(Path file) {
    try {
      return files.read(file);
    } catch (LinuxException e) {
      throw new CgroupException("read", file, e);
    }
  }

  private void takeBack(Deque<Written> written) {
    while (!written.isEmpty()) {
      Written last = written.removeLast();
      try {
        files.write(last.file(), last.change().before());
      } catch (LinuxException e) {
        LOG.log(
            System.Logger.Level.ERROR,
            "Failed to restore {0}: {1}",
            last.file(),
            CgroupException.text(e));
      }
    }
  }
}
