package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.guard.RedactionPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedactionTest {
  private static final Redaction REDACTION = new Redaction(RedactionPolicy.usual());

  private static List<String> shown(String... args) {
    return REDACTION.args(List.of(args));
  }

  @Test
  void hidesThePasswordInAUrl() {
    assertThat(
            shown("postgres://ada:hun:te@r2@db/x?user=a@b", "--url=https://u:p@h:80/", "ssh://u@h"))
        .containsExactly(
            "postgres://ada:***@db/x?user=a@b", "--url=https://u:***@h:80/", "ssh://u@h");
  }

  @Test
  void hidesWhatTheOperatorNames() {
    Redaction own =
        new Redaction(
            GuardPolicy.parse("redaction.names = -p\nredaction.shown = token").redaction());
    assertThat(own.args(List.of("-p", "4711", "--token=shown", "--password", "x")))
        .containsExactly("-p", "***", "--token=shown", "--password", "***");
  }

  @Test
  void hidesSecretsAmongWhatAProgramPrints() {
    assertThat(
            REDACTION.text(
                """
                connecting to amqp://u:p@mq with user=ada password=hunter2, retries: 3
                { "api_key": "s3 cret", "port": 80 }
                DB_TOKEN='a b' done
                token:\
                """))
        .isEqualTo(
            """
            connecting to amqp://u:***@mq with user=ada password=***, retries: 3
            { "api_key": ***, "port": 80 }
            DB_TOKEN=*** done
            token:\
            """);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "token", "token=", "://", "://:", "=", "\"", "a:"})
  void looksAtTheLargestOutputInNoTime(String part) {
    String text = part.repeat(4096 / part.length());
    assertThat(assertTimeoutPreemptively(Duration.ofSeconds(5), () -> REDACTION.text(text)))
        .isNotNull();
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
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> REDACTION.args(args));

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

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  @Test
  void boundsLengthAndNumber() {
    for (String word : List.of("x".repeat(1000), "x".repeat(257), "ä".repeat(129))) {
      List<String> shown = REDACTION.args(Collections.nCopies(100, word));
      assertThat(shown)
          .hasSize(Redaction.MAX_ARGS)
          .allMatch(arg -> arg.endsWith("…"))
          .allMatch(arg -> bytes(arg) <= Redaction.MAX_LENGTH && bytes(arg) > 250);
    }
    assertThat(shown("x".repeat(256), "ä".repeat(128)))
        .containsExactly("x".repeat(256), "ä".repeat(128));
  }

  /** What a program prints is its own choice; looking at it must not cost more than it is long. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0", "a.-_", "token ", "token=", "=", "://", "://a:", "\"", "'x", " \t", "token=,"
      })
  void looksAtEachCharacterAFewTimes(String part) {
    int length = 1 << 14;
    Counted text = new Counted(part.repeat(length / part.length()), new AtomicLong());
    assertThat(REDACTION.text(text)).isNotEmpty();
    assertThat(text.looks().get()).isLessThan(40L * length);
  }

  /** A text that counts how often one of its characters is looked at. */
  private record Counted(String text, AtomicLong looks) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      looks.incrementAndGet();
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
