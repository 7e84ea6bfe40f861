package dev.caisson.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecentTest {
  private static final int CAPACITY = 3;

  private final Recent<String, Integer> recent = new Recent<>(CAPACITY);
  private final List<String> worked = new ArrayList<>();

  private int length(String word) {
    return recent.get(
        word,
        asked -> {
          worked.add(asked);
          return asked.length();
        });
  }

  @Test
  void worksOutEachOnce() {
    assertThat(length("one")).isEqualTo(3);
    assertThat(length("four")).isEqualTo(4);
    assertThat(length("one")).isEqualTo(3);
    assertThat(worked).containsExactly("one", "four");
  }

  @Test
  void forgetsWhatWasAskedForLongestAgo() {
    for (String word : List.of("a", "b", "c", "a", "d", "a", "b")) {
      assertThat(length(word)).isEqualTo(1);
    }
    assertThat(worked).containsExactly("a", "b", "c", "d", "b");
  }

  @Test
  void keepsNoFailure() {
    assertThatThrownBy(() ->
            recent.get(
                "x",
                asked -> {
                  throw new IllegalStateException(asked);
                }))
        .hasMessage("x");
    assertThat(length("x")).isEqualTo(1);
  }

  @Test
  void knowsTheLatest() {
    assertThat(recent.knows("a")).isFalse();
    for (String word : List.of("a", "b", "c", "d")) {
      assertThat(length(word)).isEqualTo(1);
    }
    assertThat(recent.knows("a")).isFalse();
    assertThat(recent.knows("b")).isTrue();
    assertThat(worked).containsExactly("a", "b", "c", "d");
  }

  @Test
  void saysWhatIsNew() {
    assertThat(recent.isNew("a", 1)).isTrue();
    assertThat(recent.isNew("a", 1)).isFalse();
  }
}
