package dev.caisson.oci;

import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Resources.BlockIo;
import dev.caisson.proto.types.v1.Resources.BlockIo.ThrottleDevice;
import dev.caisson.proto.types.v1.Resources.BlockIo.WeightDevice;
import java.util.List;

/** Limits of disks. Source: runtime-spec config-linux.md, "Block IO". A weight of 0 is none. */
final class BlockIoReader {
  private static final long MAX_WEIGHT = 0xFFFF;

  private BlockIoReader() {}

  static void read(JsonObject json, Resources.Builder resources) {
    BlockIo.Builder io = BlockIo.newBuilder();
    weight(json, "weight", value -> io.setWeight((int) value));
    weight(json, "leafWeight", value -> io.setLeafWeight((int) value));
    json.objects("weightDevice").forEach(one -> io.addWeightDevice(device(one)));
    io.addAllThrottleReadBpsDevice(throttles(json, "throttleReadBpsDevice"))
        .addAllThrottleWriteBpsDevice(throttles(json, "throttleWriteBpsDevice"))
        .addAllThrottleReadIopsDevice(throttles(json, "throttleReadIOPSDevice"))
        .addAllThrottleWriteIopsDevice(throttles(json, "throttleWriteIOPSDevice"));
    json.finish();
    if (!io.build().equals(BlockIo.getDefaultInstance())) {
      resources.setBlockIo(io);
    }
  }

  private static WeightDevice device(JsonObject json) {
    WeightDevice.Builder device =
        WeightDevice.newBuilder().setMajor(major(json)).setMinor(minor(json));
    weight(json, "weight", value -> device.setWeight((int) value));
    weight(json, "leafWeight", value -> device.setLeafWeight((int) value));
    json.finish();
    return device.build();
  }

  private static List<ThrottleDevice> throttles(JsonObject json, String name) {
    return json.objects(name).stream().map(BlockIoReader::throttle).toList();
  }

  private static ThrottleDevice throttle(JsonObject json) {
    ThrottleDevice throttle =
        ThrottleDevice.newBuilder()
            .setMajor(major(json))
            .setMinor(minor(json))
            .setRate(json.unsigned("rate").orElse(0))
            .build();
    json.finish();
    return throttle;
  }

  private static long major(JsonObject json) {
    return json.integer("major", 0L, DeviceReader.MAX_MAJOR).orElse(0);
  }

  private static long minor(JsonObject json) {
    return json.integer("minor", 0L, DeviceReader.MAX_MINOR).orElse(0);
  }

  private static void weight(JsonObject json, String name, java.util.function.LongConsumer setter) {
    json.integer(name, 0L, MAX_WEIGHT).ifPresent(weight -> ResourceReader.ifSet(weight, setter));
  }
}
