package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;
import org.junit.jupiter.api.Test;

class SysctlsTest {
  private static final String PING = "net.ipv4.ping_group_range";

  /** What is opened and what is written to it. */
  private static List<String> lines(ContainerSpec.Builder spec) {
    Assembly assembly = new Assembly();
    Sysctls.set(assembly, spec.build());
    return assembly.plan(List.of()).steps().stream()
        .map(Step::text)
        .filter(line -> !line.startsWith("close"))
        .map(line -> line.split("\"", -1)[1])
        .toList();
  }

  private static List<String> ping(UserNamespace.Mode mode, String range, IdMapping... maps) {
    ContainerSpec.Builder spec = Specs.least().putSysctl(PING, range);
    spec.getUserNamespaceBuilder().setMode(mode).addAllGidMappings(List.of(maps));
    return lines(spec).subList(1, 2);
  }

  private static IdMapping map(int first, int size) {
    return IdMapping.newBuilder().setContainerId(first).setHostId(9).setSize(size).build();
  }

  @Test
  void areNamedWithDotsOrSlashes() {
    List<String> forwarding = List.of("/proc/sys/net/ipv4/ip_forward", "1");
    assertThat(lines(Specs.least().putSysctl("net.ipv4.ip_forward", "1"))).isEqualTo(forwarding);
    assertThat(lines(Specs.least().putSysctl("net/ipv4/ip_forward", "1"))).isEqualTo(forwarding);
    List<String> interfaces = List.of("/proc/sys/net/ipv4/conf/eth0.100/forwarding", "1");
    assertThat(lines(Specs.least().putSysctl("net.ipv4.conf.eth0/100.forwarding", "1")))
        .isEqualTo(interfaces);
    assertThat(lines(Specs.least().putSysctl("net/ipv4/conf/eth0.100/forwarding", "1")))
        .isEqualTo(interfaces);
  }

  @Test
  void mayNameTheDomain() {
    assertThat(lines(Specs.least().putSysctl("kernel.domainname", "example")))
        .as("by a call: the file is the host's")
        .containsExactly("example");
    assertThatThrownBy(() -> lines(Specs.least().putSysctl("kernel.domainname", "a b")))
        .hasMessageContaining("sysctl must have 1 to 64 bytes");
  }

  @Test
  void endTheGroupsThatMayPingWithTheLastThatIsMapped() {
    assertThat(ping(UserNamespace.Mode.AUTO, "0 2147483647")).containsExactly("0 65535");
    assertThat(ping(UserNamespace.Mode.AUTO, "0\t7")).containsExactly("0 7");
    assertThat(ping(UserNamespace.Mode.HOST, "0 2147483647")).containsExactly("0 2147483647");
    assertThat(ping(UserNamespace.Mode.MAPPED, "0 2147483647", map(0, 1), map(100, 10)))
        .containsExactly("0 109");
    assertThat(ping(UserNamespace.Mode.MAPPED, "0 50", map(0, 1), map(100, 10)))
        .containsExactly("0 0");
  }

  @Test
  void leaveToTheKernelWhatHasNoSuchEnd() {
    assertThat(ping(UserNamespace.Mode.AUTO, "1 0")).containsExactly("1 0");
    assertThat(ping(UserNamespace.Mode.AUTO, "70000 80000")).containsExactly("70000 80000");
    assertThat(ping(UserNamespace.Mode.AUTO, "all")).containsExactly("all");
  }
}
