package dev.caisson.auditor.trail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where the trail is kept, and for how long.
 *
 * @param url of JDBC
 * @param password that of the user; empty: the database asks for none
 * @param connections at most; three are the consumer's and upkeep's, callers share the rest
 * @param retention how long a record is kept after it has come; zero: for ever
 * @param shortestRetention the shortest that was ever in force: nothing younger can have been
 *     dropped
 * @param verifyEvery how long after one verification of what has come the next begins; zero: none
 *     is made but those that somebody asks for
 */
public record TrailSettings(
    String url,
    String user,
    String password,
    int connections,
    Duration retention,
    Duration shortestRetention,
    Duration verifyEvery) {

  /** So that a week whose records may still come is never dropped. */
  public static final Duration MIN_RETENTION = Duration.ofDays(7);

  /** Each asks Kafka where the topic ends. */
  static final Duration MIN_VERIFY_EVERY = Duration.ofSeconds(1);

  static final String POSTGRESQL = "jdbc:postgresql:";

  private static final int MIN_CONNECTIONS = 2;
  private static final int MAX_CONNECTIONS = 100;
  private static final long MAX_PASSWORD_BYTES = 4_096;
  private static final String PREFIX = "caisson.auditor.trail.";

  /** What somebody has configured, before anything of it is believed. */
  public record Given(
      String url,
      String user,
      String passwordFile,
      int connections,
      Duration retention,
      Optional<Duration> shortestRetention,
      Duration verifyEvery) {

    /**
     * The settings.
     *
     * @param directory of the embedded database, where no other is given
     * @throws IllegalArgumentException that names all that is wrong
     */
    public TrailSettings checked(Path directory) {
      List<String> problems = new ArrayList<>();
      boolean embedded = url.isEmpty();
      String password = passwordFile.isEmpty() ? "" : read(Path.of(passwordFile), problems);
      checkDatabase(embedded, problems);
      checkBounds(problems);
      if (!problems.isEmpty()) {
        throw new IllegalArgumentException(String.join("; ", problems));
      }
      return new TrailSettings(
          embedded ? TrailDatabase.embedded(directory) : url,
          embedded ? TrailDatabase.EMBEDDED_USER : user,
          password,
          connections,
          retention,
          shortestRetention.orElse(retention),
          verifyEvery);
    }

    private void checkDatabase(boolean embedded, List<String> problems) {
      if (embedded) {
        require(user.isEmpty() && passwordFile.isEmpty(), "url must be set with a user", problems);
        return;
      }
      require(
          url.startsWith(POSTGRESQL + "//"),
          "url must begin with jdbc:postgresql://, or be empty for the embedded database",
          problems);
      require(!url.contains("password="), "url must hold no password: use password-file", problems);
      require(!user.isEmpty(), "user must be set with a url", problems);
    }

    private void checkBounds(List<String> problems) {
      require(
          connections >= MIN_CONNECTIONS && connections <= MAX_CONNECTIONS,
          "connections must be from 2 to 100: " + connections,
          problems);
      require(
          retention.isZero() || retention.compareTo(MIN_RETENTION) >= 0,
          "retention must be 7d or more, or 0s for ever: " + retention,
          problems);
      require(
          verifyEvery.isZero() || verifyEvery.compareTo(MIN_VERIFY_EVERY) >= 0,
          "verify-every must be 1s or more, or 0s for never: " + verifyEvery,
          problems);
      shortestRetention.ifPresent(shortest ->
          require(
              retention.isZero() || shortest.compareTo(retention) <= 0,
              "shortest-retention must not be longer than retention: " + shortest,
              problems));
    }

    private static void require(boolean holds, String rule, List<String> problems) {
      if (!holds) {
        problems.add(PREFIX + rule);
      }
    }

    private static String read(Path file, List<String> problems) {
      try {
        if (Files.size(file) <= MAX_PASSWORD_BYTES) {
          String password = Files.readString(file).strip();
          require(!password.isEmpty(), "password-file must not be empty: " + file, problems);
          return password;
        }
        problems.add(PREFIX + "password-file must have at most 4096 bytes: " + file);
      } catch (IOException e) {
        problems.add(PREFIX + "password-file must be readable: " + e);
      }
      return "";
    }
  }

  boolean isPostgresql() {
    return url.startsWith(POSTGRESQL);
  }
}
