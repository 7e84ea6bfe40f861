package dev.caisson.executor.systemd;

import dev.caisson.executor.cgroup.UnitProperty;
import dev.caisson.executor.cgroup.UnitProperty.Count;
import dev.caisson.executor.cgroup.UnitProperty.Flag;
import dev.caisson.executor.cgroup.UnitProperty.Ids;
import dev.caisson.executor.cgroup.UnitProperty.Pids;
import dev.caisson.executor.cgroup.UnitProperty.Text;
import java.math.BigInteger;
import java.util.BitSet;
import java.util.List;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.freedesktop.dbus.types.Variant;

/** Properties in the types of D-Bus. */
final class Properties {
  private Properties() {}

  static List<Manager.Property> of(List<UnitProperty> properties) {
    return properties.stream()
        .map(property -> new Manager.Property(property.name(), variant(property.value())))
        .toList();
  }

  private static Variant<?> variant(UnitProperty.Value value) {
    return switch (value) {
      case Text(String text) -> new Variant<>(text);
      case Flag(boolean set) -> new Variant<>(set);
      case Count(long number) -> new Variant<>(unsigned(number), "t");
      case Ids(BitSet ids) -> new Variant<>(ids.toByteArray(), "ay");
      case Pids(List<Integer> pids) ->
          new Variant<>(pids.stream().map(pid -> new UInt32(pid)).toArray(UInt32[]::new), "au");
    };
  }

  private static UInt64 unsigned(long number) {
    return new UInt64(new BigInteger(Long.toUnsignedString(number)));
  }
}
