package dev.caisson.executor.hook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TailTextTest {
  @Test
  void replacesWhatATerminalWouldObey() {
    assertThat(Tail.text("a\tb\nc\u001b[2J\u0000ä".getBytes(UTF_8))).isEqualTo("a\tb\nc?[2J?ä");
  }

  @Property
  void isNeverLongerThanWhatWasPrinted(@ForAll @Size(max = 64) byte[] printed) {
    assertThat(Tail.text(printed).getBytes(UTF_8).length).isLessThanOrEqualTo(printed.length);
  }
}
