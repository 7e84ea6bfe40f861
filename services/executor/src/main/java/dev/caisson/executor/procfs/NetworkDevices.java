package dev.caisson.executor.procfs;

import dev.caisson.proto.types.v1.NetworkStatistics;
import dev.caisson.proto.types.v1.NetworkStatistics.Interface;
import java.util.List;
import java.util.Optional;

/** What {@code /proc/pid/net/dev} counts. Source: proc_pid_net(5), net/core/net-procfs.c. */
public final class NetworkDevices {
  private static final int MAX_INTERFACES = 64;
  private static final int MAX_NAME = 16; // IFNAMSIZ
  private static final int COUNTERS = 16;

  /** Where what is sent begins. */
  private static final int SENT = 8;

  private NetworkDevices() {}

  /** Lines of another form are skipped, as the two of the header are. */
  public static NetworkStatistics parse(String text) {
    return NetworkStatistics.newBuilder()
        .addAllInterfaces(
            text.lines().flatMap(line -> one(line).stream()).limit(MAX_INTERFACES).toList())
        .build();
  }

  private static Optional<Interface> one(String line) {
    int colon = line.lastIndexOf(':'); // a name may have one
    if (colon < 0) {
      return Optional.empty();
    }
    List<String> numbers = List.of(line.substring(colon + 1).strip().split(" +", -1));
    if (numbers.size() != COUNTERS || !numbers.stream().allMatch(NetworkDevices::isNumber)) {
      return Optional.empty();
    }
    List<Long> counters = numbers.stream().map(Long::parseUnsignedLong).toList();
    return Optional.of(
        Interface.newBuilder()
            .setName(Printable.of(line.substring(0, colon).strip(), MAX_NAME))
            .setReceiveBytes(counters.get(0))
            .setReceivePackets(counters.get(1))
            .setReceiveErrors(counters.get(2))
            .setReceiveDrops(counters.get(3))
            .setTransmitBytes(counters.get(SENT))
            .setTransmitPackets(counters.get(SENT + 1))
            .setTransmitErrors(counters.get(SENT + 2))
            .setTransmitDrops(counters.get(SENT + 3))
            .build());
  }

  private static boolean isNumber(String text) {
    return text.matches("[0-9]{1,19}");
  }
}
