package dev.caisson.gateway.journal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CursorTest {
  @Test
  void readsWhatItWrote() {
    Cursor last = new Cursor(-1, -1);
    assertThat(last).hasToString("18446744073709551615.18446744073709551615");
    assertThat(Cursor.parse(last.toString())).isEqualTo(last);
    assertThat(Cursor.parse("begin")).isEqualTo(Cursor.BEGIN);
  }

  @Test
  void ordersEpochsFirstAndBothUnsigned() {
    assertThat(new Cursor(1, 9)).isLessThan(new Cursor(2, 1));
    assertThat(new Cursor(2, 1)).isLessThan(new Cursor(2, -1));
    assertThat(new Cursor(-1, 0)).isGreaterThan(new Cursor(1, 0));
  }
}
