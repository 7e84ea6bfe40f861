package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Seccomp;
import org.junit.jupiter.api.Test;

class SharedFiltersTest {
  private final SharedFilters filters = new SharedFilters();

  private static ContainerSpec spec(String hostname, String action) {
    return ContainerSpec.newBuilder()
        .setHostname(hostname)
        .setSeccomp(Seccomp.newBuilder().setDefaultAction(action))
        .build();
  }

  @Test
  void keepsOneOfManyThatAreAlike() {
    ContainerSpec one = filters.share(spec("a", "SCMP_ACT_ERRNO"));
    ContainerSpec other = filters.share(spec("b", "SCMP_ACT_ERRNO"));
    assertThat(other.getSeccomp()).isSameAs(one.getSeccomp());
    assertThat(other).isEqualTo(spec("b", "SCMP_ACT_ERRNO"));
  }

  @Test
  void keepsOthersApart() {
    filters.share(spec("a", "SCMP_ACT_ERRNO"));
    ContainerSpec other = spec("a", "SCMP_ACT_LOG");
    assertThat(filters.share(other)).isEqualTo(other);
  }

  @Test
  void addsNoFilter() {
    ContainerSpec none = ContainerSpec.newBuilder().setHostname("a").build();
    assertThat(filters.share(none)).isSameAs(none);
  }
}
