package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

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

  @Test
  void boundsLengthAndNumber() {
    List<String> shown = new Redaction().args(Collections.nCopies(100, "x".repeat(1000)));
    assertThat(shown)
        .hasSize(Redaction.MAX_ARGS)
        .allMatch(arg -> arg.length() == Redaction.MAX_LENGTH);
  }
}
