package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedactionTest {
  private static List<String> shown(String... args) {
    return new Redaction().args(List.of(args));
  }

  @Test
  void hidesWhatFollowsTheNameOfASecret() {
    assertThat(shown("--password=hunter2", "DB_PASSWORD=x", "api-key:y", "Token=z", "a=b"))
        .containsExactly("--password=***", "DB_PASSWORD=***", "api-key:***", "Token=***", "a=b");
  }

  @Test
  void hidesTheArgumentAfterTheOption() {
    assertThat(shown("--password", "hunter2", "--token", "t", "last"))
        .containsExactly("--password", "***", "--token", "***", "last");
  }

  @Test
  void anOptionAfterTheOptionIsNoSecret() {
    assertThat(shown("--token", "--verbose", "x")).containsExactly("--token", "--verbose", "x");
  }

  @Test
  void hidesASecretOfManyLines() {
    assertThat(shown("secret=one\ntwo")).containsExactly("secret=***");
  }

  @Test
  void replacesControlCharacters() {
    assertThat(shown("a\nb\u001b")).containsExactly("a?b?");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x", "-", "_", "token", "secret", "password", "api-key", "credential", "a=", "\n"})
  void looksAtTheLargestArgumentInNoTime(String part) {
    String word = part.repeat(128 * 1024 / part.length());
    List<String> args = List.of(word, "-" + word, "-" + word + "!", word + "=", "--" + word + "=x");

    List<String> shown =
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> new Redaction().args(args));

    assertThat(shown).allMatch(arg -> arg.length() <= Redaction.MAX_LENGTH);
  }

  @Test
  void hidesASecretThatBeginsWhereTheShownPartEnds() {
    String before = "x".repeat(Redaction.MAX_LENGTH - 8);
    for (int more = 0; more < 16; more++) {
      assertThat(shown(before.substring(more) + "token=hunter2")).noneMatch(a -> a.contains("hu"));
      assertThat(shown(before + "y".repeat(more) + "token=hunter2"))
          .noneMatch(a -> a.contains("hu"))
          .allMatch(arg -> arg.length() <= Redaction.MAX_LENGTH);
    }
  }

  @Test
  void boundsLengthAndNumber() {
    List<String> shown = new Redaction().args(Collections.nCopies(100, "x".repeat(1000)));
    assertThat(shown)
        .hasSize(Redaction.MAX_ARGS)
        .allMatch(arg -> arg.length() == Redaction.MAX_LENGTH);
  }
}
