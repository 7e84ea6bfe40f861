package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.IoStatistics;
import dev.caisson.proto.types.v1.Pressure;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A line {@code NAME KEY=VALUE …} of {@code io.stat} or a pressure file. Source: the kernel's
 * Documentation/admin-guide/cgroup-v2.rst, "Nested keyed".
 */
record NestedKeyed(String name, Map<String, String> values) {
  NestedKeyed {
    values = Map.copyOf(values);
  }

  /** What has another form is skipped. */
  static NestedKeyed parse(String line) {
    String[] fields = line.split(" ", -1);
    Map<String, String> values = new HashMap<>();
    for (int i = 1; i < fields.length; i++) {
      int equals = fields[i].indexOf('=');
      if (equals > 0) {
        values.put(fields[i].substring(0, equals), fields[i].substring(equals + 1));
      }
    }
    return new NestedKeyed(fields[0], values);
  }

  /** A line of {@code io.stat}; empty where it is of no device. */
  static Optional<IoStatistics.Device> device(String line) {
    NestedKeyed one = parse(line);
    return BlockDevices.named(one.name)
        .map(device ->
            device
                .setReadBytes(one.counter("rbytes"))
                .setWriteBytes(one.counter("wbytes"))
                .setReadOperations(one.counter("rios"))
                .setWriteOperations(one.counter("wios"))
                .setDiscardBytes(one.counter("dbytes"))
                .setDiscardOperations(one.counter("dios"))
                .build());
  }

  /** A whole pressure file. Source: Documentation/accounting/psi.rst. */
  static Pressure pressure(String text) {
    Pressure.Builder pressure = Pressure.newBuilder();
    text.lines()
        .map(NestedKeyed::parse)
        .forEach(line -> {
          if (line.name.equals("some")) {
            pressure.setSome(line.stall());
          }
          if (line.name.equals("full")) {
            pressure.setFull(line.stall());
          }
        });
    return pressure.build();
  }

  private Pressure.Stall stall() {
    return Pressure.Stall.newBuilder()
        .setAverage10Percent(percent("avg10"))
        .setAverage60Percent(percent("avg60"))
        .setAverage300Percent(percent("avg300"))
        .setTotalMicroseconds(counter("total"))
        .build();
  }

  /** Empty also for {@code max}. */
  OptionalLong number(String key) {
    return FlatKeyed.number(values.getOrDefault(key, ""));
  }

  private long counter(String key) {
    return number(key).orElse(0);
  }

  private double percent(String key) {
    String value = values.getOrDefault(key, "");
    return value.matches("[0-9]{1,3}\\.[0-9]{1,2}") ? Double.parseDouble(value) : 0;
  }
}
