package dev.caisson.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SandboxMembershipTest {
  private static final String TYPE = "io.kubernetes.cri.container-type";
  private static final String CRIO_TYPE = "io.kubernetes.cri-o.ContainerType";
  private static final String ID = "io.kubernetes.cri.sandbox-id";
  private static final String CRIO_ID = "io.kubernetes.cri-o.SandboxID";

  @Test
  void takesAContainerWithoutAnnotationsForOneThatStandsAlone() {
    assertThat(SandboxMembership.of(Map.of())).isEqualTo(new SandboxMembership.StandAlone());
  }

  @Test
  void knowsTheRootOfASandbox() {
    assertThat(SandboxMembership.of(Map.of(TYPE, "sandbox")))
        .isEqualTo(new SandboxMembership.Root());
    assertThat(SandboxMembership.of(Map.of(CRIO_TYPE, "sandbox")))
        .isEqualTo(new SandboxMembership.Root());
  }

  @Test
  void knowsTheSandboxOfAMember() {
    assertThat(SandboxMembership.of(Map.of(TYPE, "container", ID, "pod")))
        .isEqualTo(new SandboxMembership.Member("pod"));
    assertThat(SandboxMembership.of(Map.of(CRIO_TYPE, "container", CRIO_ID, "pod")))
        .isEqualTo(new SandboxMembership.Member("pod"));
  }

  @Test
  void asksContainerdsAnnotationsFirst() {
    assertThat(
            SandboxMembership.of(
                Map.of(TYPE, "container", CRIO_TYPE, "sandbox", ID, "one", CRIO_ID, "two")))
        .isEqualTo(new SandboxMembership.Member("one"));
  }

  @Test
  void refusesAnUnknownType() {
    assertThatThrownBy(() -> SandboxMembership.of(Map.of(TYPE, "pod", CRIO_TYPE, "sandbox")))
        .hasMessage(
            "annotations[io.kubernetes.cri.container-type] must be sandbox or container: pod");
  }

  @Test
  void refusesAMemberOfNoSandbox() {
    assertThatThrownBy(() -> SandboxMembership.of(Map.of(TYPE, "container")))
        .isInstanceOf(OciException.class)
        .hasMessageContaining("must name the sandbox that the container joins");
  }

  @Test
  void whoeverHoldsAPodIsItsInfrastructure() {
    assertThat(infrastructure(TYPE, "sandbox")).isTrue();
    assertThat(infrastructure(CRIO_TYPE, "sandbox")).isTrue();
    assertThat(infrastructure("a", "sandbox")).isFalse();
  }

  private static boolean infrastructure(String key, String value) {
    String annotations = ",\"annotations\":{\"" + key + "\":\"" + value + "\"}";
    return Documents.convert(Documents.with(annotations)).spec().getInfrastructure();
  }
}
