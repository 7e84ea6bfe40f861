package dev.caisson.executor.guard;

import dev.caisson.executor.cgroup.CgroupDriver;
import dev.caisson.executor.guard.GuardPolicy.Limits;
import dev.caisson.executor.log.LogSettings;
import dev.caisson.executor.plan.Capability;
import dev.caisson.executor.plan.DeviceList;
import dev.caisson.executor.plan.HostLimits;
import dev.caisson.executor.plan.Paths;
import dev.caisson.executor.refusal.RefusedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads a {@link GuardPolicy} from lines, and finds everything that is wrong with them. */
final class PolicyReader {
  private static final String HOOK = "hook";
  private static final String RLIMITS = "limits.rlimits";
  private static final String DONORS = "donations.users";
  private static final String CNI = "networks.cni";
  private static final String HOST_PORTS = "networks.host-ports";
  private static final String HIDDEN = "redaction.names";
  private static final String SHOWN = "redaction.shown";
  private static final Set<String> KEYS =
      Set.of(
          "rootfs.roots",
          "rootfs.images",
          "mounts.roots",
          "roots.exposed",
          "bundles.roots",
          "capabilities",
          "namespaces.host",
          "namespaces.roots",
          "user-namespace.host",
          "user-namespace.auto-ids",
          "user-namespace.mapped-ids",
          "devices",
          "devices.allowed",
          "new-privileges",
          "scheduling.realtime",
          "oom-killer.disable",
          "networks.marks",
          "seccomp.unconfined",
          "seccomp.denied",
          "seccomp.listeners",
          CNI,
          HOST_PORTS,
          "cgroup.parent",
          "cgroup.paths",
          DONORS,
          HIDDEN,
          SHOWN,
          "limits.sandboxes",
          "limits.containers",
          "limits.execs-per-sandbox",
          "limits.forwards",
          "limits.forwards-per-tenant",
          "limits.forwards-per-sandbox",
          "limits.hook-timeout-seconds",
          "limits.pids",
          "limits.memory-bytes",
          "limits.log-bytes",
          RLIMITS);

  /**
   * What containers usually have: enough for a package manager and a server, no way to the host.
   */
  private static final String DEFAULT_CAPABILITIES =
      "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP"
          + " CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_SYS_CHROOT CAP_MKNOD CAP_AUDIT_WRITE"
          + " CAP_SETFCAP";

  /**
   * 4,096 ranges of 65,536 that nobody else hands out: systemd's and useradd's lie below. Source:
   * systemd's docs/UIDS-GIDS.md, login.defs(5).
   */
  private static final IdRange AUTO_IDS = new IdRange(1_879_048_192L, 2_147_483_647L);

  private static final int SANDBOX_IDS = 65_536;
  private static final int OVERFLOW = 65534;
  private static final int MAX_SANDBOXES = 100_000;

  /** Each is a call, of which the gateway's connection carries 1,024, and some memory. */
  private static final int MAX_FORWARDS = 512;

  /** What the smallest log has. */
  private static final long MIN_LOG_BYTES = LogSettings.MIN_BYTES * LogSettings.MIN_FILES;

  private static final int MAX_HOOK_SECONDS = 3600;
  private static final Pattern RANGE = Pattern.compile("(\\d{1,10})-(\\d{1,10})");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern UID = Pattern.compile("\\d{1,9}");
  private static final Pattern CALL = Pattern.compile("[a-z0-9_]{1,64}");
  private static final Pattern CEILING = Pattern.compile("(RLIMIT_[A-Z]+)=(\\d{1,18}|unlimited)");

  /**
   * Descriptors are the kernel's memory; 20 is the nice value 0, and 0 no real-time priority: more
   * would let a process come before others.
   */
  private static final Map<String, Long> DEFAULT_RLIMITS =
      Map.of("RLIMIT_NOFILE", 1_048_576L, "RLIMIT_NICE", 20L, "RLIMIT_RTPRIO", 0L);

  private static final Pattern SPACE = Pattern.compile("\\s+");

  private final List<String> problems = new ArrayList<>();
  private final Map<String, String> values = new HashMap<>();
  private final List<HookRule> hooks = new ArrayList<>();

  private final CgroupDriver cgroupDriver;

  private PolicyReader(CgroupDriver cgroupDriver) {
    this.cgroupDriver = cgroupDriver;
  }

  static GuardPolicy read(String text, CgroupDriver cgroupDriver) {
    PolicyReader reader = new PolicyReader(cgroupDriver);
    int number = 0;
    for (String line : text.lines().toList()) {
      reader.readLine(++number, line.strip());
    }
    GuardPolicy policy = reader.policy();
    if (!reader.problems.isEmpty()) {
      throw new InvalidPolicyException(reader.problems);
    }
    return policy;
  }

  private void readLine(int number, String line) {
    if (line.isEmpty() || line.startsWith("#")) {
      return;
    }
    int equals = line.indexOf('=');
    String key = equals < 0 ? line : line.substring(0, equals).strip();
    String value = equals < 0 ? "" : line.substring(equals + 1).strip();
    if (equals < 0) {
      problems.add("line " + number + " must be key = value: " + line);
    } else if (key.equals(HOOK)) {
      readHook(number, value);
    } else if (!KEYS.contains(key)) {
      problems.add("line " + number + " has an unknown key: " + key);
    } else if (values.putIfAbsent(key, value) != null) {
      problems.add("line " + number + " repeats a key: " + key);
    }
  }

  /** {@code /path uid=0 sha256=…}; owner and digest may be missing, and root must own it then. */
  private void readHook(int number, String value) {
    String[] words = SPACE.split(value);
    String uid = "0";
    Optional<String> sha256 = Optional.empty();
    for (String word : Stream.of(words).skip(1).toList()) {
      if (word.startsWith("uid=") && UID.matcher(word.substring(4)).matches()) {
        uid = word.substring(4);
      } else if (word.startsWith("sha256=") && SHA256.matcher(word.substring(7)).matches()) {
        sha256 = Optional.of(word.substring(7));
      } else {
        problems.add(
            "line " + number + " must be hook = /path [uid=N] [sha256=64 digits]: " + word);
      }
    }
    String path = path(HOOK, words[0]);
    if (hooks.stream().anyMatch(hook -> hook.path().equals(path))) {
      problems.add("line " + number + " repeats a hook: " + path);
    }
    hooks.add(new HookRule(path, Integer.parseInt(uid), sha256));
  }

  private GuardPolicy policy() {
    IdRange autoIds = autoIds();
    return new GuardPolicy(
        paths("rootfs.roots"),
        flag("rootfs.images"),
        paths("mounts.roots"),
        flag("roots.exposed"),
        paths("bundles.roots"),
        hooks,
        capabilities(),
        flag("namespaces.host"),
        paths("namespaces.roots"),
        flag("user-namespace.host"),
        autoIds,
        mappedIds(autoIds),
        flag("devices"),
        allowedDevices(),
        flag("new-privileges"),
        flag("scheduling.realtime"),
        flag("oom-killer.disable"),
        flag("networks.marks"),
        seccomp(),
        networks(),
        cgroupDriver,
        path("cgroup.parent", values.getOrDefault("cgroup.parent", cgroupDriver.usualParent())),
        flag("cgroup.paths"),
        donors(),
        RedactionPolicy.with(names(HIDDEN), names(SHOWN)),
        limits());
  }

  private List<String> names(String key) {
    List<String> listed = words(key, "").toList();
    if (listed.size() > RedactionPolicy.MAX_NAMES) {
      problems.add(key + " must list at most " + RedactionPolicy.MAX_NAMES + " names");
    }
    listed.stream()
        .filter(word -> !RedactionPolicy.NAME.matcher(word).matches())
        .forEach(word -> problems.add(key + " must list names, as in *-dsn or -p: " + word));
    return listed;
  }

  private Set<Integer> donors() {
    List<String> listed = words(DONORS, "").toList();
    listed.stream()
        .filter(word -> !isUser(word))
        .forEach(word ->
            problems.add(DONORS + " must list ids of users, as in 0 1000, and not 65534: " + word));
    return listed.stream()
        .filter(PolicyReader::isUser)
        .map(Integer::valueOf)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The overflow id stands for everybody who is not known: user_namespaces(7). */
  private static boolean isUser(String word) {
    return UID.matcher(word).matches() && Integer.parseInt(word) != OVERFLOW;
  }

  private DeviceList allowedDevices() {
    List<String> listed = words("devices.allowed", "").toList();
    List<String> known =
        listed.stream().filter(word -> DeviceList.parse(List.of(word)).isPresent()).toList();
    listed.stream()
        .filter(word -> !known.contains(word))
        .forEach(word ->
            problems.add("devices.allowed must list devices, as in c:10:229 or b:8:*: " + word));
    return DeviceList.parse(known).orElseThrow();
  }

  private SeccompPolicy seccomp() {
    return new SeccompPolicy(flag("seccomp.unconfined"), deniedCalls(), paths("seccomp.listeners"));
  }

  private NetworkPolicy networks() {
    List<String> names = words(CNI, "").toList();
    names.stream()
        .filter(name -> !NetworkRules.NAME.matcher(name).matches())
        .forEach(name -> problems.add(CNI + " must name networks: " + name));
    return new NetworkPolicy(names, ids(HOST_PORTS).filter(this::arePorts));
  }

  private boolean arePorts(IdRange range) {
    boolean ports = range.first() > 0 && range.last() <= Bounds.MAX_PORT;
    if (!ports) {
      problems.add(HOST_PORTS + " must be within 1-65535: " + range.text());
    }
    return ports;
  }

  private Set<String> deniedCalls() {
    String usual = String.join(" ", SeccompPolicy.DENIED);
    List<String> names = words("seccomp.denied", usual).toList();
    names.stream()
        .filter(name -> !CALL.matcher(name).matches())
        .forEach(name -> problems.add("seccomp.denied must name system calls: " + name));
    return Set.copyOf(names);
  }

  private Limits limits() {
    return new Limits(
        count("limits.sandboxes", 1000, MAX_SANDBOXES),
        count("limits.containers", 4000, MAX_SANDBOXES),
        count("limits.execs-per-sandbox", 64, MAX_SANDBOXES),
        count("limits.forwards", 128, MAX_FORWARDS),
        count("limits.forwards-per-tenant", 96, MAX_FORWARDS),
        count("limits.forwards-per-sandbox", 64, MAX_FORWARDS),
        Duration.ofSeconds(count("limits.hook-timeout-seconds", 30, MAX_HOOK_SECONDS)),
        most("limits.pids", 1),
        most("limits.memory-bytes", ResourceBounds.MIN_MEMORY_BYTES),
        most("limits.log-bytes", MIN_LOG_BYTES).orElse(LogSettings.MAX_BYTES),
        rlimits());
  }

  /** What is not said keeps its default. */
  private Map<String, Long> rlimits() {
    Map<String, Long> ceilings = new HashMap<>(DEFAULT_RLIMITS);
    words(RLIMITS, "")
        .forEach(word -> {
          Matcher matcher = CEILING.matcher(word);
          if (matcher.matches() && HostLimits.isLimit(matcher.group(1))) {
            ceilings.put(matcher.group(1), ceiling(matcher.group(2)));
          } else {
            problems.add(RLIMITS + " must list ceilings, as in RLIMIT_NOFILE=1048576: " + word);
          }
        });
    return ceilings;
  }

  private static long ceiling(String text) {
    return text.equals("unlimited") ? -1 : Long.parseLong(text);
  }

  private List<String> paths(String key) {
    return words(key, "").map(word -> path(key, word)).toList();
  }

  private String path(String key, String value) {
    try {
      return Paths.clean(key, value);
    } catch (RefusedException e) {
      problems.add(e.refusal().message());
      return "/";
    }
  }

  private Set<String> capabilities() {
    List<String> names = words("capabilities", DEFAULT_CAPABILITIES).toList();
    names.stream()
        .filter(name -> !Capability.known(name))
        .forEach(name -> problems.add("capabilities must name capabilities: " + name));
    return Set.copyOf(names);
  }

  private IdRange autoIds() {
    IdRange ids = ids("user-namespace.auto-ids").orElse(AUTO_IDS);
    if (!ids.contains(ids.first(), SANDBOX_IDS)) {
      problems.add("user-namespace.auto-ids must have at least 65536 ids: " + ids.text());
    }
    return ids;
  }

  private Optional<IdRange> mappedIds(IdRange auto) {
    Optional<IdRange> mapped = ids("user-namespace.mapped-ids");
    mapped
        .filter(auto::overlaps)
        .ifPresent(ids ->
            problems.add(
                "user-namespace.mapped-ids must not overlap user-namespace.auto-ids: "
                    + ids.text()));
    return mapped;
  }

  private Optional<IdRange> ids(String key) {
    String value = values.getOrDefault(key, "");
    return value.isEmpty()
        ? Optional.empty()
        : parsed(key + " must be a range FIRST-LAST: " + value, value, PolicyReader::range);
  }

  private static IdRange range(String value) {
    Matcher matcher = RANGE.matcher(value);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(value);
    }
    return new IdRange(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
  }

  private boolean flag(String key) {
    String value = values.getOrDefault(key, "false");
    if (!value.equals("true") && !value.equals("false")) {
      problems.add(key + " must be true or false: " + value);
    }
    return value.equals("true");
  }

  private int count(String key, int fallback, int most) {
    String value = values.getOrDefault(key, String.valueOf(fallback));
    String problem = key + " must be 1 to " + most + ": " + value;
    int count = parsed(problem, value, Integer::parseInt).orElse(fallback);
    if (count < 1 || count > most) {
      problems.add(problem);
    }
    return count;
  }

  /** What is not said is not bounded. */
  private OptionalLong most(String key, long least) {
    if (!values.containsKey(key)) {
      return OptionalLong.empty();
    }
    String value = values.getOrDefault(key, "");
    String problem = key + " must be at least " + least + ": " + value;
    long most = parsed(problem, value, Long::parseLong).orElse(least);
    if (most < least) {
      problems.add(problem);
    }
    return OptionalLong.of(most);
  }

  private <T> Optional<T> parsed(String problem, String value, Function<String, T> parser) {
    try {
      return Optional.of(parser.apply(value));
    } catch (IllegalArgumentException e) {
      problems.add(problem);
      return Optional.empty();
    }
  }

  private Stream<String> words(String key, String fallback) {
    return SPACE
        .splitAsStream(values.getOrDefault(key, fallback).replace(',', ' '))
        .filter(word -> !word.isEmpty())
        .distinct();
  }
}
