package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Mount;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentityTest {
  private static final SandboxRecord HOST = SandboxRecord.getDefaultInstance();
  private static final SandboxRecord MAPPED =
      SandboxRecord.newBuilder()
          .addUidMappings(IdMapping.newBuilder().setHostId(300_000).setSize(10))
          .addGidMappings(IdMapping.newBuilder().setHostId(300_000).setSize(6))
          .build();

  private static ContainerSpec mount(String option) {
    return ContainerSpec.newBuilder()
        .addMounts(Mount.newBuilder().addOptions("nosuid").addOptions(option))
        .build();
  }

  @ParameterizedTest
  @ValueSource(strings = {"uid=9", "gid=5", "mode=755", "gid=", "gid=five"})
  void leavesWhatIsMappedAndWhatNamesNobody(String option) {
    assertThatCode(() -> Identity.require(mount(option), MAPPED)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"uid=10", "gid=6", "gid=4294967295", "uid=4294967296"})
  void refusesAnOwnerOfAFilesystemThatIsNotMapped(String option) {
    assertThatThrownBy(() -> Identity.require(mount(option), MAPPED))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("mounts[0].options must name ids that are mapped");
  }

  @Test
  void theHostHasAllButTheOneThatMeansNone() {
    assertThatCode(() -> Identity.require(mount("gid=4294967294"), HOST))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> Identity.require(mount("gid=4294967295"), HOST))
        .isInstanceOf(RefusedException.class);
  }

  @Test
  void refusesAUserThatIsNotMapped() {
    ContainerSpec.Builder spec = ContainerSpec.newBuilder();
    spec.getProcessBuilder().getUserBuilder().setUid(10);
    assertThatThrownBy(() -> Identity.require(spec.build(), MAPPED))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("process.user");
  }
}
