package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GoalTest {
  @Test
  void isMetAtItsBound() {
    assertThat(Goal.atMost(2, 2).met()).isTrue();
    assertThat(Goal.atLeast(300, 300).met()).isTrue();
    assertThat(Goal.atMost(0.5, 0.501).met()).isFalse();
    assertThat(Goal.atLeast(300, 299.9).met()).isFalse();
  }

  @Test
  void isMissedByWhatIsNoNumber() {
    assertThat(Goal.atMost(2, Double.NaN).met()).isFalse();
    assertThat(Goal.atLeast(2, Double.NaN).met()).isFalse();
  }

  @Test
  void saysItsBound() {
    assertThat(Goal.atMost(0.5, 0.1).words()).isEqualTo("≤ 0.5 met");
    assertThat(Goal.atLeast(300, 1).words()).isEqualTo("≥ 300 missed");
  }
}
