package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.IoStatistics.Device;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What version 1 counts of block devices: lines {@code MAJOR:MINOR OPERATION VALUE}. Source: the
 * kernel's Documentation/admin-guide/cgroup-v1/blkio-controller.rst.
 */
final class BlockDevices {
  private static final int FIELDS = 3;

  private final Map<String, Device.Builder> devices = new LinkedHashMap<>();

  private BlockDevices() {}

  /** Lines of another form are skipped, as the one with the total is. */
  static List<Device> of(String bytes, String operations) {
    BlockDevices all = new BlockDevices();
    bytes.lines().forEach(line -> all.add(line, true));
    operations.lines().forEach(line -> all.add(line, false));
    return all.devices.values().stream().map(Device.Builder::build).toList();
  }

  private void add(String line, boolean bytes) {
    String[] fields = line.split(" ", -1);
    if (fields.length != FIELDS || named(fields[0]).isEmpty()) {
      return;
    }
    OptionalLong value = FlatKeyed.number(fields[2]);
    if (value.isPresent()) {
      Device.Builder device = devices.computeIfAbsent(fields[0], name -> named(name).orElseThrow());
      set(device, fields[1], bytes, value.getAsLong());
    }
  }

  /** Each is also counted as synchronous or not, and in a total. */
  private static void set(Device.Builder device, String operation, boolean bytes, long value) {
    var _ =
        switch (operation) {
          case "Read" -> bytes ? device.setReadBytes(value) : device.setReadOperations(value);
          case "Write" -> bytes ? device.setWriteBytes(value) : device.setWriteOperations(value);
          case "Discard" ->
              bytes ? device.setDiscardBytes(value) : device.setDiscardOperations(value);
          default -> device;
        };
  }

  /** {@code MAJOR:MINOR}; empty where it has another form. */
  static Optional<Device.Builder> named(String name) {
    String[] numbers = name.split(":", -1);
    if (numbers.length != 2
        || !numbers[0].matches("[0-9]{1,9}")
        || !numbers[1].matches("[0-9]{1,9}")) {
      return Optional.empty();
    }
    return Optional.of(
        Device.newBuilder()
            .setMajor(Integer.parseInt(numbers[0]))
            .setMinor(Integer.parseInt(numbers[1])));
  }
}
