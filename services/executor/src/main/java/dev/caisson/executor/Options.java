package dev.caisson.executor;

import dev.caisson.executor.cgroup.CgroupDriver;
import dev.caisson.executor.cgroup.ScopeName;
import dev.caisson.executor.network.NetworkSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the executor is told on its command line: {@code --name value} pairs.
 *
 * @param data its store, its journal, its usage log; root's alone
 * @param run its sockets and those of caisson-inits; the directory's group is the gateway's
 * @param node the node's name in the record
 * @param gatewayUser the one user, name or number, that may command and read the journal
 * @param gatewayGroup the group of the sockets
 * @param guard the guard's configuration; absent: its defaults
 * @param cgroupDriver who makes cgroups
 * @param cgroupParent of all sandboxes, absolute in the trees
 * @param cniConfigurations the directory of the host's network configurations
 * @param cniPlugins directories of network plugins, with colons between them
 * @param cniNetwork path of the network namespace that the host's networks are in; empty: the
 *     executor's own
 * @param parked how many sandboxes are made in advance
 * @param memoryPressure from how many percent of 10 s on it is told that a container's tasks wait
 *     for memory; 0, the default: never, since how much is too much depends on what runs
 * @param enrol where the node's public key is left for an auditor of this machine: a directory;
 *     empty: nowhere
 * @param ownNamespaces whether it makes the namespaces itself that it is to be in, for starters who
 *     cannot: {@link Apart}
 * @param journal how the record is kept
 */
record Options(
    Path data,
    Path run,
    String node,
    String gatewayUser,
    String gatewayGroup,
    String guard,
    CgroupDriver cgroupDriver,
    String cgroupParent,
    String cniConfigurations,
    String cniPlugins,
    String cniNetwork,
    int parked,
    int memoryPressure,
    String enrol,
    boolean ownNamespaces,
    JournalOptions journal) {
  /** More would only cost memory. */
  private static final int MAX_PARKED = 64;

  private static final int PERCENT = 100;

  static final String OWN_NAMESPACES = "--own-namespaces";

  private static final Set<String> REQUIRED = Set.of("--data", "--run", "--node");
  private static final Map<String, String> OWN_DEFAULTS =
      Map.ofEntries(
          Map.entry("--gateway-user", "0"),
          Map.entry("--peer-gid", "0"),
          Map.entry("--guard", ""),
          Map.entry("--cgroup-driver", "cgroupfs"),
          Map.entry("--cgroup-parent", ""),
          Map.entry("--cni-configurations", "/etc/cni/net.d"),
          Map.entry("--cni-plugins", "/usr/lib/cni:/opt/cni/bin"),
          Map.entry("--cni-network", ""),
          Map.entry("--parked", "4"),
          Map.entry("--memory-pressure", "0"),
          Map.entry("--enrol", ""),
          Map.entry(OWN_NAMESPACES, "no"));

  private static final Map<String, String> DEFAULTS =
      Stream.of(OWN_DEFAULTS, JournalOptions.DEFAULTS)
          .flatMap(some -> some.entrySet().stream())
          .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

  /**
   * @throws IllegalArgumentException with every problem at once, a line each
   */
  static Options parse(String... args) {
    Map<String, String> values = new HashMap<>(DEFAULTS);
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < args.length; i += 2) {
      if (!REQUIRED.contains(args[i]) && !DEFAULTS.containsKey(args[i])) {
        problems.add(args[i] + " is not an option of the executor");
      } else if (i + 1 == args.length) {
        problems.add(args[i] + " must be followed by a value");
      } else {
        values.put(args[i], args[i + 1]);
      }
    }
    REQUIRED.stream()
        .sorted()
        .filter(name -> !values.containsKey(name))
        .forEach(name -> problems.add(name + " must be given"));
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    return of(values);
  }

  private static Options of(Map<String, String> values) {
    CgroupDriver driver = cgroupDriver(required(values, "--cgroup-driver"));
    return new Options(
        Path.of(required(values, "--data")).toAbsolutePath(),
        Path.of(required(values, "--run")).toAbsolutePath(),
        required(values, "--node"),
        required(values, "--gateway-user"),
        required(values, "--peer-gid"),
        required(values, "--guard"),
        driver,
        cgroupParent(driver, required(values, "--cgroup-parent")),
        required(values, "--cni-configurations"),
        required(values, "--cni-plugins"),
        required(values, "--cni-network"),
        number(values, "--parked", MAX_PARKED),
        number(values, "--memory-pressure", PERCENT),
        required(values, "--enrol"),
        yesOrNo(values, OWN_NAMESPACES),
        JournalOptions.of(values));
  }

  NetworkSettings networks() {
    return new NetworkSettings(
        Path.of(cniConfigurations).toAbsolutePath(),
        Stream.of(cniPlugins.split(":", -1))
            .filter(directory -> !directory.isEmpty())
            .map(directory -> Path.of(directory).toAbsolutePath())
            .toList(),
        Optional.of(cniNetwork).filter(path -> !path.isEmpty()).map(Path::of));
  }

  private static boolean yesOrNo(Map<String, String> values, String name) {
    String value = required(values, name);
    return switch (value) {
      case "yes" -> true;
      case "no" -> false;
      default -> throw new IllegalArgumentException(name + " must be yes or no: " + value);
    };
  }

  private static CgroupDriver cgroupDriver(String value) {
    return CgroupDriver.named(value)
        .orElseThrow(() ->
            new IllegalArgumentException("--cgroup-driver must be cgroupfs or systemd: " + value));
  }

  private static String cgroupParent(CgroupDriver driver, String value) {
    if (value.isEmpty()) {
      return driver.usualParent();
    }
    if (driver == CgroupDriver.SYSTEMD && !ScopeName.isSlice(value)) {
      throw new IllegalArgumentException(
          "--cgroup-parent must, with the systemd driver, be the path of a slice, as in"
              + " /caisson.slice/caisson-b.slice: "
              + value);
    }
    return value;
  }

  private static int number(Map<String, String> values, String name, int most) {
    String value = required(values, name);
    if (!value.matches("\\d{1,3}") || Integer.parseInt(value) > most) {
      throw new IllegalArgumentException(name + " must be 0 to " + most + ": " + value);
    }
    return Integer.parseInt(value);
  }

  private static String required(Map<String, String> values, String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " must be given");
    }
    return value;
  }
}
