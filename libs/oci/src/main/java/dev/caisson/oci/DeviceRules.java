package dev.caisson.oci;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The device rules that every engine writes: deny all, then allow the standard devices. A list that
 * allows no more than that is accepted, as it changes nothing; any other is refused.
 */
final class DeviceRules {
  /** Major and minor numbers. Source: Documentation/admin-guide/devices.txt of the kernel. */
  private record Device(long major, long minor) {}

  /** null, zero, full, random, urandom, tty, console, ptmx. */
  private static final Set<Device> STANDARD =
      Set.of(
          new Device(1, 3),
          new Device(1, 5),
          new Device(1, 7),
          new Device(1, 8),
          new Device(1, 9),
          new Device(5, 0),
          new Device(5, 1),
          new Device(5, 2));

  /** Unix98 pseudo-terminals. */
  private static final long PTS_MAJOR = 136;

  private DeviceRules() {}

  static void check(JsonObject resources) {
    List<JsonObject> rules = resources.objects("devices");
    for (int index = 0; index < rules.size(); index++) {
      check(rules.get(index), index == 0);
    }
    resources.ignore("devices");
  }

  private static void check(JsonObject rule, boolean first) {
    boolean allow = rule.bool("allow");
    String type = rule.string("type");
    String access = rule.string("access");
    OptionalLong major = rule.integer("major", -1L, 0xFFFL);
    OptionalLong minor = rule.integer("minor", -1L, 0xFFFFFL);
    rule.finish();
    if (first && (allow || !deniesAll(type, access, major, minor))) {
      throw rule.unsupported("allow", allow, "the first rule must deny all devices");
    }
    if (allow && !harmless(type, access, major.orElse(-1), minor.orElse(-1))) {
      throw rule.unsupported("allow", true, "only the standard devices can be allowed");
    }
  }

  private static boolean deniesAll(
      String type, String access, OptionalLong major, OptionalLong minor) {
    return (type.isEmpty() || type.equals("a"))
        && (access.isEmpty() || access.length() == 3)
        && major.orElse(-1) == -1
        && minor.orElse(-1) == -1;
  }

  /** To make a node is not to open it: engines allow that for all. */
  private static boolean harmless(String type, String access, long major, long minor) {
    return access.equals("m")
        || (type.equals("c")
            && (major == PTS_MAJOR || STANDARD.contains(new Device(major, minor))));
  }
}
