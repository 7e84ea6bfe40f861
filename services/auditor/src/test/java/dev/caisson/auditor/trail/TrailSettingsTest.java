package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrailSettingsTest {

  private static final Duration YEAR = Duration.ofDays(365);

  @TempDir Path directory;

  @Test
  void isEmbeddedWhereNothingElseIsSaid() {
    TrailSettings settings = given("", "", "", 8, YEAR).checked(directory);
    assertThat(settings.url()).startsWith("jdbc:h2:file:" + directory);
    assertThat(settings.shortestRetention()).isEqualTo(YEAR);
    assertThat(settings.isPostgresql()).isFalse();
  }

  @Test
  void readsThePasswordOfAFile() throws Exception {
    Path file = Files.writeString(directory.resolve("password"), "secret\n");
    TrailSettings settings =
        given("jdbc:postgresql://db/trail", "caisson", file.toString(), 8, Duration.ZERO)
            .checked(directory);
    assertThat(settings.password()).isEqualTo("secret");
    assertThat(settings.isPostgresql()).isTrue();
  }

  @Test
  void saysAllThatIsWrongAtOnce() {
    TrailSettings.Given wrong =
        given("jdbc:mysql://db?password=x", "", "/nowhere", 1, Duration.ofDays(1));
    assertThatThrownBy(() -> wrong.checked(directory))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .contains("trail.url must begin with jdbc:postgresql://")
        .contains("trail.url must hold no password")
        .contains("trail.user must be set")
        .contains("trail.password-file must be readable")
        .contains("trail.connections must be from 2 to 100: 1")
        .contains("trail.retention must be 7d or more");
  }

  @Test
  void refusesAPasswordFileThatIsEmptyOrNone() throws Exception {
    Path empty = Files.writeString(directory.resolve("empty"), "\n");
    Path large = Files.writeString(directory.resolve("large"), "x".repeat(4_097));
    assertRefused(empty, "password-file must not be empty");
    assertRefused(large, "password-file must have at most 4096 bytes");
  }

  @Test
  void refusesAUserOfTheEmbeddedDatabase() {
    assertThatThrownBy(() -> given("", "caisson", "", 8, YEAR).checked(directory))
        .hasMessageContaining("url must be set with a user");
  }

  @Test
  void refusesAShortestRetentionThatIsNot() {
    TrailSettings.Given wrong =
        new TrailSettings.Given("", "", "", 8, YEAR, Optional.of(YEAR.plusDays(1)), Duration.ZERO);
    assertThatThrownBy(() -> wrong.checked(directory))
        .hasMessageContaining("shortest-retention must not be longer than retention");
  }

  @Test
  void refusesToVerifyWithoutAPause() {
    for (Duration pause : List.of(Duration.ofMillis(999), Duration.ofSeconds(-1))) {
      TrailSettings.Given wrong =
          new TrailSettings.Given("", "", "", 8, YEAR, Optional.empty(), pause);
      assertThatThrownBy(() -> wrong.checked(directory))
          .hasMessageContaining("trail.verify-every must be 1s or more, or 0s for never");
    }
  }

  private void assertRefused(Path passwordFile, String message) {
    assertThatThrownBy(() ->
            given("jdbc:postgresql://db/trail", "caisson", passwordFile.toString(), 8, YEAR)
                .checked(directory))
        .hasMessageContaining(message);
  }

  private static TrailSettings.Given given(
      String url, String user, String passwordFile, int connections, Duration retention) {
    return new TrailSettings.Given(
        url, user, passwordFile, connections, retention, Optional.empty(), Duration.ZERO);
  }
}
