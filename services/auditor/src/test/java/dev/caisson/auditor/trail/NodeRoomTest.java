package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class NodeRoomTest {

  private final NodeRoom room = new NodeRoom();

  @Test
  void isBoundedHoweverManyNamesARelayInvents() {
    for (int i = 0; i < NodeRoom.MAX_OTHERS; i++) {
      assertThat(room.admits("n" + i, Set.of())).isTrue();
    }
    assertThat(room.admits("another", Set.of())).isFalse();
    assertThat(room.admits("n0", Set.of())).isTrue();
    assertThat(room.admits("mine", Set.of("mine")))
        .as("nobody's names keep out whom I enrol")
        .isTrue();
    assertThat(room.admits("mine", Set.of())).isFalse();
  }
}
