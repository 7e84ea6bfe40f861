package dev.caisson.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A unit of systemd's: systemd.unit(5), systemd.exec(5). */
record Unit(String name, Map<String, List<String>> settings) {
  static Unit of(String service) {
    String file = "packaging/systemd/caisson-" + service + ".service";
    try {
      String joined = Files.readString(Documents.ROOT.resolve(file)).replace("\\\n", " ");
      Map<String, List<String>> settings = new TreeMap<>();
      joined
          .lines()
          .filter(line -> !line.startsWith("#") && line.contains("="))
          .map(line -> line.split("=", 2))
          .forEach(
              parts -> settings.computeIfAbsent(parts[0], _ -> new ArrayList<>()).add(parts[1]));
      return new Unit(service, settings);
    } catch (IOException e) {
      throw new AssertionError(file, e);
    }
  }

  /** Empty where it is not there. */
  String value(String key) {
    return String.join(" ", settings.getOrDefault(key, List.of()));
  }

  boolean has(String key) {
    return settings.containsKey(key);
  }

  /** Those that it may have at most; without a bounding set, all. */
  Set<String> capabilities() {
    return has("CapabilityBoundingSet")
        ? Stream.of(value("CapabilityBoundingSet").split(" ", -1))
            .filter(name -> !name.isEmpty())
            .collect(Collectors.toCollection(TreeSet::new))
        : Set.of("all");
  }

  /** Of a unit with ProtectSystem=strict, what it may write to beside its own /tmp. */
  Set<String> writable() {
    return Stream.of(value("ReadWritePaths").split(" ", -1))
        .filter(path -> !path.isEmpty())
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
