package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.types.v1.PortMapping;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PublishedPortTest {
  private static PortMapping.Builder port(PortMapping.Protocol protocol) {
    return PortMapping.newBuilder().setHostPort(8080).setContainerPort(80).setProtocol(protocol);
  }

  @Test
  void readsProtocolsAndAddresses() {
    assertThat(PublishedPort.parse("8080:80")).isEqualTo(port(PortMapping.Protocol.TCP).build());
    assertThat(PublishedPort.parse("8080:80/udp"))
        .isEqualTo(port(PortMapping.Protocol.UDP).build());
    assertThat(PublishedPort.parse("192.0.2.1:8080:80/sctp"))
        .isEqualTo(port(PortMapping.Protocol.SCTP).setHostIp("192.0.2.1").build());
    assertThat(PublishedPort.parse("[fd00::1]:8080:80"))
        .isEqualTo(port(PortMapping.Protocol.TCP).setHostIp("fd00::1").build());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "80",
        ":80",
        "80:",
        "0:80",
        "80:0",
        "65536:80",
        "80:80/icmp",
        "a:80:80",
        "-1:80"
      })
  void refusesWhatIsNone(String text) {
    assertThatThrownBy(() -> PublishedPort.parse(text))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("[IP:]HOST:SANDBOX");
  }

  @Test
  void aNetworkIsNamedOrTheHostsFirst() {
    assertThat(Networks.of("cni", List.of()).orElseThrow().getName()).isEmpty();
    assertThat(Networks.of("cni:pods", List.of("1:2")).orElseThrow().getName()).isEqualTo("pods");
    assertThat(Networks.of("cni:pods", List.of("1:2")).orElseThrow().getPortsCount()).isOne();
    assertThat(Networks.of(null, List.of())).isEmpty();
    assertThat(Networks.of("host", List.of())).isEmpty();
    assertThat(Networks.of("/run/netns/cni", List.of())).isEmpty();
    assertThatThrownBy(() -> Networks.of("host", List.of("1:2")))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("--publish");
  }
}
