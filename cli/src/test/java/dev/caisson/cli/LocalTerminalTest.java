package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ConsoleSize;
import org.junit.jupiter.api.Test;

class LocalTerminalTest {
  @Test
  void readsRowsAndColumns() {
    assertThat(LocalTerminal.size("24 80"))
        .hasValue(ConsoleSize.newBuilder().setHeight(24).setWidth(80).build());
  }

  @Test
  void knowsNoSizeWhereNoneIsTold() {
    for (String text : new String[] {"", "0 0", "24", "24 0", "x y", "24 80 2", "-1 80"}) {
      assertThat(LocalTerminal.size(text)).as(text).isEmpty();
    }
  }
}
