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
import java.util.function.BiPredicate;

/**
 * Changes of a living cgroup's limits: in an order that the kernel takes, and taken back when one
 * fails. Two at once of one cgroup are its caller's to keep apart.
 */
record Update(Hierarchies hierarchies, ControlFiles files, String path) {
  /** A list that is empty: of no bytes at all a write might not come to the kernel's ears. */
  private static final String EMPTY = "\n";

  /**
   * Writes them.
   *
   * @param last what follows the last write; where it fails all of them are taken back
   */
  List<SettingChange> apply(LimitsOnHost host, Limits limits, Runnable last) {
    List<Setting> settings = withSwap(host.settings(limits, quotaNow(limits), path), limits);
    requireSwapAbove(settings, limits);
    requireMoreThanUsed(limits);
    requireBurstWithin(limits);
    requireNotIdle(limits);
    Deque<Written> written = new ArrayDeque<>();
    try {
      ordered(settings).forEach(setting -> write(setting, written));
      List<SettingChange> changes = changes(written);
      last.run();
      return changes;
    } catch (RuntimeException e) {
      takeBack(written).forEach(e::addSuppressed);
      throw e;
    }
  }

  /**
   * One write, and how it is taken back.
   *
   * @param before what the file, or the setting's entry in it, had
   * @param setting empty: a change that is the kernel's own
   */
  private record Written(Path file, String before, Optional<Setting> setting) {
    String restoring() {
      String value = setting.map(own -> own.restoring(before)).orElse(before);
      return value.isEmpty() ? EMPTY : value;
    }
  }

  /** One for each file, or entry in one, however often it was written. */
  private List<SettingChange> changes(Iterable<Written> written) {
    Map<String, SettingChange> changes = new LinkedHashMap<>();
    for (Written w : written) {
      w.setting()
          .ifPresent(setting ->
              changes.computeIfAbsent(w.file() + " " + setting.key(), _ -> change(w, setting)));
    }
    return List.copyOf(changes.values());
  }

  private SettingChange change(Written written, Setting setting) {
    String after = setting.of(read(written.file()));
    return new SettingChange(setting.file(), written.before(), after);
  }

  /** v2 has both in one file: a period that comes alone keeps the quota. */
  private String quotaNow(Limits limits) {
    Optional<Hierarchy> v2 = hierarchies.of(Controller.CPU).filter(Hierarchy::unified);
    if (v2.isEmpty() || limits.period().isEmpty() || limits.quota().isPresent()) {
      return V2Files.MAX;
    }
    return read(v2.get().directory(path).resolve(V2Files.CPU_MAX)).split(" ", -1)[0];
  }

  /** Who takes the limit of memory away means that of memory and swap together, too. */
  private List<Setting> withSwap(List<Setting> settings, Limits limits) {
    boolean both =
        limits.memory().orElse(0) == Limits.UNLIMITED
            && limits.swap().isEmpty()
            && find(settings, V2Files.SWAP).isEmpty();
    if (!both) {
      return settings;
    }
    boolean unified = isUnified(Controller.MEMORY);
    Setting swap =
        new Setting(
            Controller.MEMORY,
            unified ? V2Files.SWAP : V1Files.SWAP,
            unified ? V2Files.MAX : "-1",
            "resources.memory.limit");
    if (!files.exists(file(swap))) {
      return settings;
    }
    List<Setting> all = new ArrayList<>(settings);
    all.addFirst(swap);
    return all;
  }

  /**
   * v1: memory alone may not be above memory and swap together, which keeps its value when it is
   * not given.
   */
  private void requireSwapAbove(List<Setting> settings, Limits limits) {
    if (find(settings, V1Files.MEMORY).isEmpty() || find(settings, V1Files.SWAP).isPresent()) {
      return;
    }
    OptionalLong together = now(Controller.MEMORY, V1Files.SWAP);
    long asked = limits.memory().orElseThrow();
    if (together.isPresent() && asked > together.getAsLong()) {
      throw InvalidResources.invalid(
          "resources.memory.limit",
          "come with resources.memory.swap to go above memory and swap together ("
              + together.getAsLong()
              + ")",
          asked);
    }
  }

  private void requireMoreThanUsed(Limits limits) {
    if (!limits.checkBeforeUpdate() || !Limits.bounded(limits.memory())) {
      return;
    }
    String file = isUnified(Controller.MEMORY) ? "memory.current" : "memory.usage_in_bytes";
    long used = now(Controller.MEMORY, file).orElse(0);
    long asked = limits.memory().getAsLong();
    if (asked < used) {
      throw InvalidResources.invalid(
          "resources.memory.limit",
          "not be below what is used (" + used + "), as check_before_update asks",
          asked);
    }
  }

  /** What may be saved up keeps its value when it is not given, and so does the quota. */
  private void requireBurstWithin(Limits limits) {
    OptionalLong quota = limits.anyQuota();
    if (quota.isEmpty() && limits.unified().burst().isPresent()) {
      limits.unified().requireBurstWithin(quotaThere());
    }
    if (limits.anyBurst().isPresent() || !Limits.bounded(quota)) {
      return;
    }
    String file = isUnified(Controller.CPU) ? V2Files.BURST : V1Files.BURST;
    long burst = now(Controller.CPU, file).orElse(0);
    if (burst > Limits.mostBurst(quota.getAsLong())) {
      boolean own = limits.quota().isPresent();
      String with = own ? "resources.cpu.burst" : V2Files.BURST;
      throw InvalidResources.invalid(
          own ? "resources.cpu.quota" : Unified.FIELD,
          "come with " + with + " to go below that (" + burst + ")",
          quota.getAsLong());
    }
  }

  /** Of version 2. Empty: it has none. */
  private OptionalLong quotaThere() {
    return FlatKeyed.number(read(file(Controller.CPU, V2Files.CPU_MAX)).split(" ", -1)[0]);
  }

  /** The kernel gives the idle class no shares. */
  private void requireNotIdle(Limits limits) {
    boolean own = limits.shares().isPresent();
    if ((own || limits.unified().weighs())
        && limits.idle().isEmpty()
        && !limits.unified().files().containsKey(V2Files.IDLE)
        && now(Controller.CPU, V2Files.IDLE).orElse(0) == 1) {
      String with = own ? "resources.cpu.idle" : V2Files.IDLE;
      throw InvalidResources.invalid(
          own ? "resources.cpu.shares" : Unified.FIELD,
          "come with " + with + " 0, since the cgroup is idle",
          own ? limits.shares().getAsLong() : V2Files.WEIGHT);
    }
  }

  private boolean isUnified(Controller controller) {
    return hierarchies.of(controller).orElseThrow().unified();
  }

  private List<Setting> ordered(List<Setting> settings) {
    List<Setting> order = new ArrayList<>(settings);
    lastFirst(order, V1Files.MEMORY, V1Files.SWAP, (memory, swap) -> raises(swap));
    lastFirst(
        order,
        V1Files.REALTIME_PERIOD,
        V1Files.REALTIME_RUNTIME,
        (period, runtime) -> shortens(period));
    if (find(order, V1Files.QUOTA).isPresent() && find(order, V1Files.PERIOD).isPresent()) {
      order.addFirst(noQuota());
    }
    Optional<Setting> burst = find(order, V1Files.BURST).or(() -> find(order, V2Files.BURST));
    burst.ifPresent(b -> order.addFirst(noBurst(b)));
    return order;
  }

  private static void lastFirst(
      List<Setting> order, String first, String last, BiPredicate<Setting, Setting> condition) {
    Optional<Setting> one = find(order, first);
    Optional<Setting> other = find(order, last);
    if (one.isPresent() && other.isPresent() && condition.test(one.get(), other.get())) {
      int from = order.indexOf(one.get());
      int to = order.indexOf(other.get());
      if (from < to) {
        Collections.swap(order, from, to);
      }
    }
  }

  /**
   * v1: the old quota in the new period may be more than an ancestor allows; no quota at all never
   * is.
   */
  private static Setting noQuota() {
    return new Setting(Controller.CPU, V1Files.QUOTA, "-1", "");
  }

  /** The old one may be above the new quota. */
  private static Setting noBurst(Setting burst) {
    return new Setting(Controller.CPU, burst.file(), "0", "");
  }

  private boolean raises(Setting swap) {
    long value = Long.parseLong(swap.value());
    OptionalLong now = now(Controller.MEMORY, V1Files.SWAP);
    return value == Limits.UNLIMITED || (now.isPresent() && value > now.getAsLong());
  }

  /** Then the old time may be more than the new period has, otherwise the new more than the old. */
  private boolean shortens(Setting period) {
    long now = now(Controller.CPU, V1Files.REALTIME_PERIOD).orElse(0);
    return Long.parseLong(period.value()) < now;
  }

  private static Optional<Setting> find(List<Setting> settings, String file) {
    return settings.stream().filter(s -> s.file().equals(file)).findFirst();
  }

  private Path file(Setting setting) {
    return file(setting.controller(), setting.file());
  }

  private Path file(Controller controller, String name) {
    return hierarchies.of(controller).orElseThrow().directory(path).resolve(name);
  }

  /** Empty where there is no such file, or no number in it. */
  private OptionalLong now(Controller controller, String name) {
    Path file = file(controller, name);
    return files.exists(file) ? FlatKeyed.number(read(file)) : OptionalLong.empty();
  }

  private void write(Setting setting, Deque<Written> written) {
    Path file = file(setting);
    String before = setting.of(read(file));
    if (setting.file().equals(V2Files.IDLE) && before.equals("0")) {
      written.addLast(sharesNow());
    }
    try {
      files.write(file, setting.value());
    } catch (LinuxException e) {
      throw CgroupException.ofWriting(setting, file, e);
    }
    written.addLast(new Written(file, before, Optional.of(setting)));
  }

  /** The idle class takes them away. */
  private Written sharesNow() {
    String name = isUnified(Controller.CPU) ? V2Files.WEIGHT : V1Files.SHARES;
    Path shares = file(Controller.CPU, name);
    return new Written(shares, read(shares), Optional.empty());
  }

  private String read(Path file) {
    try {
      return files.read(file);
    } catch (LinuxException e) {
      throw new CgroupException("read", file, e);
    }
  }

  /** What could not be taken back. */
  private List<CgroupException> takeBack(Deque<Written> written) {
    List<CgroupException> failures = new ArrayList<>();
    while (!written.isEmpty()) {
      Written last = written.removeLast();
      String before = last.before();
      try {
        files.write(last.file(), last.restoring());
      } catch (LinuxException e) {
        failures.add(new CgroupException("restore " + before + " in", last.file(), e));
      }
    }
    return failures;
  }
}
