package dev.caisson.executor.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BoundedTextTest {
  @Test
  void leavesWhatFitsAndCutsTheRestAtACharacter() {
    assertThat(BoundedText.of("exactly", 7)).isEqualTo("exactly");
    assertThat(BoundedText.of("one more", 7)).isEqualTo("one …");
    assertThat(BoundedText.of("äää", 5)).isEqualTo("ä…");
    assertThat(BoundedText.of("a\nb\u001b[2J", 64)).isEqualTo("a?b?[2J");
  }

  @Property
  void isNeverLongerThanItsBound(
      @ForAll String text, @ForAll @IntRange(min = 3, max = 40) int most) {
    String bounded = BoundedText.of(text, most);
    assertThat(bounded.getBytes(UTF_8).length).isLessThanOrEqualTo(most);
    assertThat(bounded.chars().anyMatch(one -> one < ' ' || one == 0x7f)).isFalse();
  }
}
