package dev.caisson.oci;

import dev.caisson.proto.types.v1.Device;
import java.util.List;

/** Devices beside the standard ones. Source: runtime-spec config-linux.md, "Devices". */
final class DeviceReader {
  /** Of the kernel's device numbers: linux/kdev_t.h. */
  static final long MAX_MAJOR = 0xfff;

  static final long MAX_MINOR = 0xfffff;

  private DeviceReader() {}

  static List<Device> read(JsonObject linux) {
    return linux.objects("devices").stream().map(DeviceReader::device).toList();
  }

  private static Device device(JsonObject json) {
    Device.Builder made =
        Device.newBuilder().setPath(json.string("path")).setType(json.string("type"));
    json.integer("major", 0L, MAX_MAJOR).ifPresent(made::setMajor);
    json.integer("minor", 0L, MAX_MINOR).ifPresent(made::setMinor);
    if (made.getType().equals("p")) {
      json.integer("fileMode", 0, 07777).ifPresent(made::setFileMode);
      json.integer("uid", 0L, 0xFFFF_FFFFL).ifPresent(uid -> made.setUid((int) uid));
      json.integer("gid", 0L, 0xFFFF_FFFFL).ifPresent(gid -> made.setGid((int) gid));
    } else {
      // A node is the host's own, with its mode and owner.
      List.of("fileMode", "uid", "gid")
          .forEach(name -> json.ignore(name, "has no effect: the device is the host's own node"));
    }
    json.finish();
    return made.build();
  }
}
