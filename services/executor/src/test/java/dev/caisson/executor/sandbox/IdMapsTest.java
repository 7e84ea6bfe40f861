package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;
import org.junit.jupiter.api.Test;

class IdMapsTest {
  private static IdMapping map(int from, int to, int size) {
    return IdMapping.newBuilder().setContainerId(from).setHostId(to).setSize(size).build();
  }

  private static List<IdMapping> onHost(IdMapping wanted, IdMapping... sandbox) {
    return IdMaps.onHost("mounts.uid_mappings", List.of(wanted), List.of(sandbox));
  }

  @Test
  void idsOfTheSandboxBecomeIdsOfTheHost() {
    assertThat(onHost(map(5000, 1000, 10), map(0, 200_000, 65_536)))
        .containsExactly(map(5000, 201_000, 10));
  }

  @Test
  void idsOfTheHostStayWhereTheSandboxHasNoMap() {
    assertThat(onHost(map(5, 6, 7))).containsExactly(map(5, 6, 7));
  }

  @Test
  void aMapOverSeveralLinesIsSplit() {
    assertThat(onHost(map(0, 5, 10), map(0, 100, 8), map(8, 500, 4), map(12, 0, 100)))
        .containsExactly(map(0, 105, 3), map(3, 500, 4), map(7, 0, 3));
  }

  @Test
  void idsAreUnsigned() {
    assertThat(onHost(map(0, -10, 5), map(-20, -100, 20))).containsExactly(map(0, -90, 5));
  }

  private static UserNamespace said(IdMapping... uids) {
    return UserNamespace.newBuilder()
        .addAllUidMappings(List.of(uids))
        .addGidMappings(map(0, 7, 1))
        .build();
  }

  @Test
  void mapsThatAreSaidAreTheNamespacesOwnInAnyOrder() {
    List<IdMapping> uids = List.of(map(0, 100, 8), map(8, 500, 4));
    List<IdMapping> gids = List.of(map(0, 7, 1));
    IdMaps.requireSame(UserNamespace.getDefaultInstance(), uids, gids);
    IdMaps.requireSame(said(map(8, 500, 4), map(0, 100, 8)), uids, gids);
    assertThatThrownBy(() -> IdMaps.requireSame(said(map(0, 100, 8)), uids, gids))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("user_namespace.uid_mappings must be the map of the namespace");
    assertThatThrownBy(() -> IdMaps.requireSame(said(), uids, List.of(map(0, 7, 2))))
        .hasMessageContaining("user_namespace.gid_mappings");
  }

  @Test
  void idsThatTheSandboxLacksAreRefused() {
    assertThatThrownBy(() -> onHost(map(0, 95, 10), map(0, 1000, 100)))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("mounts.uid_mappings must lead to ids that the sandbox has: 100");
  }
}
