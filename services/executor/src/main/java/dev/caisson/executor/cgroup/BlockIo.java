package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Resources.BlockIo.ThrottleDevice;
import dev.caisson.proto.types.v1.Resources.BlockIo.WeightDevice;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** How disks are shared, and how fast they may be read and written. */
record BlockIo(
    OptionalLong weight,
    OptionalLong leafWeight,
    List<DeviceWeight> deviceWeights,
    List<Throttle> throttles) {
  private static final String FIELD = "resources.block_io";
  private static final int MAX_DEVICES = 64;
  private static final long MIN_WEIGHT = 10;
  private static final long MAX_WEIGHT = 1_000;

  /** The kernel keeps 32 bits of it, in version 1 without a word. */
  private static final long MAX_OPERATIONS = 0xFFFF_FFFFL;

  /** Bits of a device's numbers. Source: MINORBITS in linux/kdev_t.h. */
  private static final long MAX_MAJOR = (1 << 12) - 1;

  private static final long MAX_MINOR = (1 << 20) - 1;

  /**
   * A disk.
   *
   * @param field that names it
   */
  record Device(long major, long minor, String field) {
    static Device of(String field, long major, long minor) {
      within(field + ".major", major, 0, MAX_MAJOR);
      within(field + ".minor", minor, 0, MAX_MINOR);
      return new Device(major, minor, field);
    }

    String text() {
      return major + ":" + minor;
    }
  }

  record DeviceWeight(Device device, OptionalLong weight, OptionalLong leafWeight) {}

  /** A ceiling, as version 1 names its file and version 2 its key. */
  enum Ceiling {
    READ_BPS("read_bps", "rbps"),
    WRITE_BPS("write_bps", "wbps"),
    READ_IOPS("read_iops", "riops"),
    WRITE_IOPS("write_iops", "wiops");

    private final String file;
    private final String key;

    Ceiling(String file, String key) {
      this.file = file;
      this.key = key;
    }

    String v1File() {
      return "blkio.throttle." + file + "_device";
    }

    String v2Key() {
      return key;
    }

    String field() {
      return FIELD + ".throttle_" + file + "_device";
    }

    private long most() {
      return this == READ_BPS || this == WRITE_BPS ? Long.MAX_VALUE : MAX_OPERATIONS;
    }
  }

  /**
   * What a device may at most.
   *
   * @param rate bytes or operations in a second; 0: unlimited
   */
  record Throttle(Device device, Ceiling ceiling, long rate) {}

  static BlockIo of(Resources.BlockIo io) {
    List<Throttle> throttles = new ArrayList<>();
    addAll(throttles, Ceiling.READ_BPS, io.getThrottleReadBpsDeviceList());
    addAll(throttles, Ceiling.WRITE_BPS, io.getThrottleWriteBpsDeviceList());
    addAll(throttles, Ceiling.READ_IOPS, io.getThrottleReadIopsDeviceList());
    addAll(throttles, Ceiling.WRITE_IOPS, io.getThrottleWriteIopsDeviceList());
    return new BlockIo(
        weight(FIELD + ".weight", io.hasWeight(), io.getWeight()),
        weight(FIELD + ".leaf_weight", io.hasLeafWeight(), io.getLeafWeight()),
        weights(io.getWeightDeviceList()),
        List.copyOf(throttles));
  }

  /** Every disk that is named. */
  List<Device> devices() {
    List<Device> devices =
        new ArrayList<>(deviceWeights.stream().map(DeviceWeight::device).toList());
    throttles.forEach(throttle -> devices.add(throttle.device()));
    return devices;
  }

  private static OptionalLong weight(String field, boolean given, int weight) {
    if (!given) {
      return OptionalLong.empty();
    }
    long value = Integer.toUnsignedLong(weight);
    within(field, value, MIN_WEIGHT, MAX_WEIGHT);
    return OptionalLong.of(value);
  }

  private static List<DeviceWeight> weights(List<WeightDevice> given) {
    requireFew(FIELD + ".weight_device", given.size());
    Set<String> seen = new HashSet<>();
    List<DeviceWeight> weights = new ArrayList<>();
    for (WeightDevice one : given) {
      String field = FIELD + ".weight_device[" + weights.size() + "]";
      Device device = Device.of(field, one.getMajor(), one.getMinor());
      requireOnce(seen, device);
      if (!one.hasWeight() && !one.hasLeafWeight()) {
        throw InvalidResources.invalid(field, "have a weight", device.text());
      }
      weights.add(
          new DeviceWeight(
              device,
              weight(field + ".weight", one.hasWeight(), one.getWeight()),
              weight(field + ".leaf_weight", one.hasLeafWeight(), one.getLeafWeight())));
    }
    return List.copyOf(weights);
  }

  private static void addAll(
      List<Throttle> throttles, Ceiling ceiling, List<ThrottleDevice> given) {
    requireFew(ceiling.field(), given.size());
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < given.size(); i++) {
      ThrottleDevice one = given.get(i);
      String field = ceiling.field() + "[" + i + "]";
      Device device = Device.of(field, one.getMajor(), one.getMinor());
      requireOnce(seen, device);
      within(field + ".rate", one.getRate(), 0, ceiling.most());
      throttles.add(new Throttle(device, ceiling, one.getRate()));
    }
  }

  private static void requireFew(String field, int count) {
    if (count > MAX_DEVICES) {
      throw InvalidResources.invalid(field, "have at most " + MAX_DEVICES + " entries", count);
    }
  }

  private static void requireOnce(Set<String> seen, Device device) {
    if (!seen.add(device.text())) {
      throw InvalidResources.invalid(device.field(), "name each device once", device.text());
    }
  }

  private static void within(String field, long value, long least, long most) {
    Limits.within(field, OptionalLong.of(value), least, most);
  }
}
