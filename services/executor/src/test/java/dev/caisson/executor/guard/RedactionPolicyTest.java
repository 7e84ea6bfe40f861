package dev.caisson.executor.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedactionPolicyTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "password",
        "--password",
        "DB_PASSWORD",
        "MYSQL_ROOT_PASSWD",
        "--api-key",
        "API_KEY",
        "aws_secret_access_key",
        "x.token",
        "--client-secret-file",
        "Passphrase",
        "credentials"
      })
  void hidesWhatIsUsuallyASecret(String name) {
    assertThat(RedactionPolicy.usual().hides(name)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-", "user", "--author", "key", "-p", "pass", "tok-en"})
  void showsTheRest(String name) {
    assertThat(RedactionPolicy.usual().hides(name)).isFalse();
  }

  @Test
  void hidesMoreAndShowsExceptionsAsTheOperatorSays() {
    RedactionPolicy policy =
        GuardPolicy.parse(
                """
                redaction.names = -p pin* *-dsn cc*number
                redaction.shown = --token-file, max_tokens
                """)
            .redaction();
    assertThat(List.of("-p", "PIN", "pin_code", "SENTRY_DSN", "cc_card_number", "password"))
        .allMatch(policy::hides);
    assertThat(List.of("-pp", "spin", "dsn", "ccnumb", "TOKEN_FILE", "--max-tokens"))
        .noneMatch(policy::hides);
  }

  @Test
  void isBoundedAndSaysWhatIsWrong() {
    String many = IntStream.range(0, 65).mapToObj(i -> "n" + i).collect(Collectors.joining(" "));
    assertThat(GuardPolicy.parse("redaction.names = " + many.substring(0, many.lastIndexOf(' '))))
        .isNotNull();
    assertRefused("redaction.names = " + many, "redaction.names must list at most 64 names");
    assertRefused("redaction.names = *", "redaction.names must list names, as in *-dsn or -p: *");
    assertRefused("redaction.shown = a=b", "redaction.shown must list names");
    assertRefused("redaction.names = " + "n".repeat(65), "redaction.names must list names");
  }

  private static void assertRefused(String text, String message) {
    assertThatThrownBy(() -> GuardPolicy.parse(text))
        .isInstanceOf(InvalidPolicyException.class)
        .hasMessageContaining(message);
  }
}
