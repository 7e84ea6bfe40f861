package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class FirstByteTest {
  @Test
  void endsWithTheFirstByteAndNotWithTheCommand() throws Exception {
    FirstByte late = new FirstByte(List.of("sh", "-c", "echo first; sleep 1; echo last"));
    assertThat(late.measure(0, 1).most()).isLessThan(1_000);
  }

  @Test
  void refusesACommandThatSaysNothingOrFails() {
    assertThatThrownBy(() -> new FirstByte(List.of("true")).measure(0, 1))
        .hasMessage("true must answer and end with 0: 0");
    assertThatThrownBy(() -> new FirstByte(List.of("sh", "-c", "echo; exit 3")).measure(0, 1))
        .hasMessageEndingWith(": 3");
  }
}
