package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private final Random random = new Random(7);

  @Test
  void growsFromTheFirstPauseToTheLongest() {
    for (int failures = 0; failures < 200; failures++) {
      Duration whole = Duration.ofMillis(Math.min(5_000, 100L << Math.min(failures, 10)));
      assertThat(Backoff.pause(failures, random)).isBetween(whole.dividedBy(2), whole);
    }
  }

  @Test
  void isNotTheSameForAll() {
    assertThat(Backoff.pause(6, random)).isNotEqualTo(Backoff.pause(6, random));
  }
}
