package dev.caisson.executor.procfs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.NetworkStatistics.Interface;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NetworkDevicesTest {
  private static final String HEADER =
      """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
      """;

  @Test
  void readsEveryInterface() {
    String text =
        HEADER
            + "    lo:     840      10    0    0    0     0          0         0      840      10    0    0    0     0       0          0\n"
            + "eth0:1: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n";

    assertThat(NetworkDevices.parse(text).getInterfacesList())
        .containsExactly(
            Interface.newBuilder()
                .setName("lo")
                .setReceiveBytes(840)
                .setReceivePackets(10)
                .setTransmitBytes(840)
                .setTransmitPackets(10)
                .build(),
            Interface.newBuilder()
                .setName("eth0:1")
                .setReceiveBytes(1)
                .setReceivePackets(2)
                .setReceiveErrors(3)
                .setReceiveDrops(4)
                .setTransmitBytes(5)
                .setTransmitPackets(6)
                .setTransmitErrors(7)
                .setTransmitDrops(8)
                .build());
  }

  @Test
  void skipsWhatHasAnotherForm() {
    assertThat(NetworkDevices.parse(HEADER + "eth0: 1 2 3\neth1: -1 x\n\n:").getInterfacesList())
        .isEmpty();
  }

  @Test
  void isBounded() {
    String many =
        IntStream.range(0, 500)
            .mapToObj(i -> "veth" + i + ": 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0")
            .collect(Collectors.joining("\n"));

    assertThat(NetworkDevices.parse(many).getInterfacesCount()).isEqualTo(64);
  }
}
