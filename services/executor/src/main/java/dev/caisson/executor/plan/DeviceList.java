package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Device;
import dev.caisson.proto.types.v1.Resources.DeviceRule;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The devices that may be used; all others may not. The order of rules is gone in it, so that two
 * can be compared, and either version of cgroups can carry it out.
 *
 * @param allowed of each entry {@link #MAKE}, {@link #READ} and {@link #WRITE}; never none
 */
public record DeviceList(Map<Entry, Integer> allowed) {
  /** {@code BPF_DEVCG_ACC_*} of linux/bpf.h. */
  static final int MAKE = 1;

  static final int READ = 2;
  static final int WRITE = 4;
  private static final int ALL = MAKE | READ | WRITE;

  /** Any number. */
  static final int ANY = -1;

  /** {@code MINORMASK} and the majors of linux/kdev_t.h. */
  static final int MAX_MAJOR = 0xfff;

  static final int MAX_MINOR = 0xfffff;
  private static final String FIELD = "resources.devices";
  private static final Pattern WORD = Pattern.compile("([cb]):(\\d{1,7}|\\*):(\\d{1,7}|\\*)");

  /**
   * Devices of one type.
   *
   * @param major {@link #ANY} or a number; so minor
   */
  record Entry(boolean block, int major, int minor) implements Comparable<Entry> {
    private static final Comparator<Entry> ORDER =
        Comparator.comparing(Entry::block)
            .thenComparingInt(Entry::major)
            .thenComparingInt(Entry::minor);

    @Override
    public int compareTo(Entry other) {
      return ORDER.compare(this, other);
    }

    boolean covers(Entry other) {
      return block == other.block
          && (major == ANY || major == other.major)
          && (minor == ANY || minor == other.minor);
    }

    String text() {
      return (block ? "b " : "c ") + number(major) + ":" + number(minor);
    }

    private static String number(int number) {
      return number == ANY ? "*" : Integer.toString(number);
    }
  }

  /**
   * What every container may use: null, zero, full, random, urandom, tty, console, ptmx, and
   * terminals; and it may make nodes, which is not to open them. Numbers:
   * Documentation/admin-guide/devices.txt.
   */
  private static final DeviceList STANDARD =
      new DeviceList(
          Map.ofEntries(
              Map.entry(new Entry(false, ANY, ANY), MAKE),
              Map.entry(new Entry(true, ANY, ANY), MAKE),
              Map.entry(new Entry(false, 1, 3), ALL),
              Map.entry(new Entry(false, 1, 5), ALL),
              Map.entry(new Entry(false, 1, 7), ALL),
              Map.entry(new Entry(false, 1, 8), ALL),
              Map.entry(new Entry(false, 1, 9), ALL),
              Map.entry(new Entry(false, 5, 0), ALL),
              Map.entry(new Entry(false, 5, 1), ALL),
              Map.entry(new Entry(false, 5, 2), ALL),
              Map.entry(new Entry(false, 136, ANY), ALL)));

  public DeviceList {
    allowed = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(allowed));
  }

  public static DeviceList standard() {
    return STANDARD;
  }

  /** As the guard's configuration has them: {@code c:10:229}, {@code b:8:*}; else empty. */
  public static Optional<DeviceList> parse(Collection<String> words) {
    Map<Entry, Integer> all = new TreeMap<>();
    for (String word : words) {
      Matcher matcher = WORD.matcher(word);
      if (!matcher.matches()) {
        return Optional.empty();
      }
      int major = number(matcher.group(2));
      int minor = number(matcher.group(3));
      if (major > MAX_MAJOR || minor > MAX_MINOR) {
        return Optional.empty();
      }
      all.put(new Entry(matcher.group(1).equals("b"), major, minor), ALL);
    }
    return Optional.of(new DeviceList(all));
  }

  private static int number(String text) {
    return text.equals("*") ? ANY : Integer.parseInt(text);
  }

  /**
   * What a container may use: the standard devices always; beside them what its rules say, or where
   * it has none, the devices that it lists.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if a rule is wrong, or cannot be said
   *     without an order
   */
  public static DeviceList of(ContainerSpec spec) {
    List<DeviceRule> rules = spec.getResources().getDevicesList();
    Map<Entry, Integer> all = new TreeMap<>();
    if (rules.isEmpty()) {
      spec.getDevicesList().stream()
          .filter(device -> !device.getType().equals("p"))
          .forEach(device -> all.put(entry(device), ALL));
    }
    for (int i = 0; i < rules.size(); i++) {
      apply(FIELD + "[" + i + "]", rules.get(i), all);
    }
    return STANDARD.with(new DeviceList(all));
  }

  private static Entry entry(Device device) {
    return new Entry(
        device.getType().equals("b"),
        bounded("devices.major", device.getMajor(), MAX_MAJOR),
        bounded("devices.minor", device.getMinor(), MAX_MINOR));
  }

  private static void apply(String field, DeviceRule rule, Map<Entry, Integer> all) {
    int access = access(field, rule.getAccess());
    for (Entry entry : entries(field, rule)) {
      if (rule.getAllow()) {
        all.merge(entry, access, (before, more) -> before | more);
      } else {
        deny(field, entry, access, all);
      }
    }
  }

  /** To make a node is always allowed, so that a part of that need not be denied. */
  private static void deny(String field, Entry denied, int access, Map<Entry, Integer> all) {
    for (Map.Entry<Entry, Integer> use : List.copyOf(all.entrySet())) {
      Entry entry = use.getKey();
      if (denied.covers(entry)) {
        all.computeIfPresent(entry, (e, before) -> left(before & ~access));
      } else if (entry.covers(denied) && (use.getValue() & access & ~MAKE) != 0) {
        throw partly(field, entry);
      }
    }
  }

  private static RuntimeException partly(String field, Entry entry) {
    String sentence =
        " denies a part of what a rule before it allows ("
            + entry.text()
            + "): allow what is left by its numbers.";
    return Refusal.unsupported(field, field + sentence).exception();
  }

  private static @org.jspecify.annotations.Nullable Integer left(int access) {
    return access == 0 ? null : access;
  }

  private static List<Entry> entries(String field, DeviceRule rule) {
    int major = rule.hasMajor() ? any(field + ".major", rule.getMajor(), MAX_MAJOR) : ANY;
    int minor = rule.hasMinor() ? any(field + ".minor", rule.getMinor(), MAX_MINOR) : ANY;
    return switch (rule.getType()) {
      case "", "a" -> List.of(new Entry(false, major, minor), new Entry(true, major, minor));
      case "c", "u" -> List.of(new Entry(false, major, minor));
      case "b" -> List.of(new Entry(true, major, minor));
      default -> throw Refusal.invalid(field + ".type", "be a, c or b", rule.getType()).exception();
    };
  }

  private static int any(String field, long number, int most) {
    return number == ANY ? ANY : bounded(field, number, most);
  }

  private static int bounded(String field, long number, int most) {
    if (number < 0 || number > most) {
      throw Refusal.invalid(field, "be 0 to " + most, number).exception();
    }
    return (int) number;
  }

  private static int access(String field, String letters) {
    int access = 0;
    for (char letter : (letters.isEmpty() ? "rwm" : letters).toCharArray()) {
      access |=
          switch (letter) {
            case 'r' -> READ;
            case 'w' -> WRITE;
            case 'm' -> MAKE;
            default ->
                throw Refusal.invalid(field + ".access", "be of r, w and m", letters).exception();
          };
    }
    return access;
  }

  /** Both together. */
  public DeviceList with(DeviceList other) {
    Map<Entry, Integer> all = new TreeMap<>(allowed);
    other.allowed.forEach((entry, access) -> all.merge(entry, access, (a, b) -> a | b));
    return new DeviceList(all);
  }

  /** What of this is not allowed there, as {@code c 10:229 rw}; at most one is told. */
  public Optional<String> beyond(DeviceList ceiling) {
    return allowed.entrySet().stream()
        .map(use -> line(use.getKey(), use.getValue() & ~ceiling.of(use.getKey())))
        .filter(line -> !line.endsWith(" "))
        .findFirst();
  }

  private int of(Entry device) {
    return allowed.entrySet().stream()
        .filter(use -> use.getKey().covers(device))
        .mapToInt(Map.Entry::getValue)
        .reduce(0, (a, b) -> a | b);
  }

  /** As version 1 of cgroups writes them: {@code c 1:3 rwm}. */
  public List<String> lines() {
    return allowed.entrySet().stream().map(use -> line(use.getKey(), use.getValue())).toList();
  }

  private static String line(Entry entry, int access) {
    return Stream.of(
            entry.text() + " ",
            (access & READ) == 0 ? "" : "r",
            (access & WRITE) == 0 ? "" : "w",
            (access & MAKE) == 0 ? "" : "m")
        .reduce("", String::concat);
  }

  /** The same for version 2: eBPF instructions in the machine's byte order. */
  public java.nio.ByteBuffer program() {
    List<DeviceProgram.Use> uses = new ArrayList<>();
    allowed.forEach((entry, access) -> uses.add(new DeviceProgram.Use(entry, access)));
    return DeviceProgram.of(uses);
  }
}
