package dev.caisson.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SeenTest {
  private final Seen seen = new Seen();

  @Test
  void isNewOnce() {
    assertThat(seen.isNew(List.of("a", "b"))).isTrue();
    assertThat(seen.isNew(List.of("a", "b"))).isFalse();
    assertThat(seen.isNew(List.of("a"))).isTrue();
  }

  @Test
  void forgetsWhatWasMetLongestAgo() {
    assertThat(seen.isNew(List.of("first"))).isTrue();
    assertThat(seen.isNew(List.of("second"))).isTrue();
    assertThat(seen.isNew(List.of("first"))).isFalse();
    for (int i = 0; i < Seen.CAPACITY - 1; i++) {
      assertThat(seen.isNew(List.of("more", Integer.toString(i)))).isTrue();
    }
    assertThat(seen.isNew(List.of("first"))).isFalse();
    assertThat(seen.isNew(List.of("second"))).isTrue();
  }
}
