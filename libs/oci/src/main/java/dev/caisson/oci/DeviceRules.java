package dev.caisson.oci;

import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Resources.DeviceRule;

/** Which devices may be used. Source: runtime-spec config-linux.md, "Allowed Device list". */
final class DeviceRules {
  /** Any number. */
  private static final long ANY = -1;

  private DeviceRules() {}

  static void read(JsonObject json, Resources.Builder resources) {
    json.objects("devices").forEach(rule -> resources.addDevices(rule(rule)));
  }

  private static DeviceRule rule(JsonObject json) {
    DeviceRule.Builder made =
        DeviceRule.newBuilder()
            .setAllow(json.bool("allow"))
            .setType(json.string("type"))
            .setAccess(json.string("access"));
    json.integer("major", ANY, DeviceReader.MAX_MAJOR)
        .ifPresent(major -> ifGiven(major, made::setMajor));
    json.integer("minor", ANY, DeviceReader.MAX_MINOR)
        .ifPresent(minor -> ifGiven(minor, made::setMinor));
    json.finish();
    return made.build();
  }

  private static void ifGiven(long number, java.util.function.LongConsumer setter) {
    if (number != ANY) {
      setter.accept(number);
    }
  }
}
