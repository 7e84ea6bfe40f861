package dev.caisson.executor.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.PortMapping;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostPortsTest {
  private final HostPorts ports = new HostPorts();

  private static PortMapping port(int number, PortMapping.Protocol protocol, String address) {
    return PortMapping.newBuilder()
        .setHostPort(number)
        .setProtocol(protocol)
        .setHostIp(address)
        .build();
  }

  private void refused(PortMapping port) {
    RefusedException refused =
        catchThrowableOfType(RefusedException.class, () -> ports.take("b", List.of(port)));
    assertThat(refused.refusal().reason()).isEqualTo(Reason.LIMIT_REACHED);
    assertThat(refused.refusal().message()).contains("Port " + port.getHostPort());
  }

  private void taken(PortMapping port) {
    assertThatCode(() -> ports.take("c", List.of(port))).doesNotThrowAnyException();
    ports.release("c");
  }

  @Test
  void aPortLeadsToOneSandbox() {
    ports.take("a", List.of(port(80, PortMapping.Protocol.TCP, "")));
    refused(port(80, PortMapping.Protocol.TCP, ""));
    refused(port(80, PortMapping.Protocol.TCP, "192.0.2.1"));
    taken(port(80, PortMapping.Protocol.UDP, ""));
    taken(port(81, PortMapping.Protocol.TCP, ""));
    ports.release("a");
    taken(port(80, PortMapping.Protocol.TCP, ""));
  }

  @Test
  void differentAddressesHaveDifferentPorts() {
    ports.retake("a", List.of(port(80, PortMapping.Protocol.TCP, "192.0.2.1")));
    taken(port(80, PortMapping.Protocol.TCP, "192.0.2.2"));
    refused(port(80, PortMapping.Protocol.TCP, "192.0.2.1"));
    refused(port(80, PortMapping.Protocol.TCP, ""));
  }
}
