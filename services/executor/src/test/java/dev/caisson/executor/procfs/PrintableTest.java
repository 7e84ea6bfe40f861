package dev.caisson.executor.procfs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {
  @Test
  void keepsWhatCanBeShown() {
    assertThat(Printable.of("Grüße, 世界", 64)).isEqualTo("Grüße, 世界");
  }

  @Test
  void replacesWhatMovesACursorOrTurnsTheWriting() {
    assertThat(Printable.of("a\u001b[2J\r\n\u007f\u009b1m\u202e\u2028b", 64))
        .isEqualTo("a?[2J????1m??b");
  }

  @Test
  void isBounded() {
    assertThat(Printable.of("x".repeat(500), 7)).isEqualTo("xxxxxxx");
  }
}
