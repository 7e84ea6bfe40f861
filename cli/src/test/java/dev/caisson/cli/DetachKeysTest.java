package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DetachKeysTest {

  private static String passed(DetachKeys keys, String typed) {
    byte[] bytes = typed.getBytes(StandardCharsets.UTF_8);
    return new String(keys.pass(bytes, bytes.length), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource({
    "'ctrl-p,ctrl-q', '\u0010\u0011'",
    "'CTRL-A', '\u0001'",
    "'ctrl-@', '\u0000'",
    "'ctrl-],d', '\u001dd'",
    "'ctrl-_', '\u001f'",
    "'a,b', 'ab'"
  })
  void knowsTheKeys(String text, String typed) {
    DetachKeys keys = DetachKeys.parse(text);
    assertThat(passed(keys, "x" + typed + "y")).isEqualTo("x");
    assertThat(keys.isComplete()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "ctrl-", "ctrl-pq", "ab", "a,", ",", "ctrl-1", "é", " "})
  void refusesWhatIsNoKey(String text) {
    assertThatThrownBy(() -> DetachKeys.parse(text))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("--detach-keys must be");
  }

  @Test
  void passesASequenceOnThatIsNotFinished() {
    DetachKeys keys = DetachKeys.parse("a,b");
    assertThat(passed(keys, "xa")).isEqualTo("x");
    assertThat(passed(keys, "c")).isEqualTo("ac");
    assertThat(passed(keys, "a")).isEmpty();
    assertThat(keys.rest()).asString(StandardCharsets.UTF_8).isEqualTo("a");
    assertThat(keys.isComplete()).isFalse();
  }

  @Test
  void findsASequenceThatBeginsInABeginning() {
    DetachKeys keys = DetachKeys.parse("a,a,b");
    assertThat(passed(keys, "aa")).isEmpty();
    assertThat(passed(keys, "a")).isEqualTo("a");
    assertThat(passed(keys, "b")).isEmpty();
    assertThat(keys.isComplete()).isTrue();
  }
}
