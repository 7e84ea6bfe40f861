package dev.caisson.auditor;

import dev.caisson.auditor.trail.TrailSettings;
import io.micronaut.context.annotation.ConfigurationProperties;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the trail is kept, and for how long.
 *
 * @param url of JDBC, for PostgreSQL; empty: a file of H2's in the auditor's data
 * @param user of the database
 * @param passwordFile has the user's password; empty: there is none
 * @param connections at most
 * @param retention how long a record is kept after it has come; zero: for ever
 * @param verifyEvery how long after one verification of what has come the next begins; zero: none
 *     is made but those that somebody asks for
 * @param shortestRetention the shortest that was ever in force; by default, the present one
 */
@ConfigurationProperties("caisson.auditor.trail")
record TrailConfiguration(
    String url,
    String user,
    String passwordFile,
    int connections,
    Duration retention,
    Duration verifyEvery,
    @Nullable Duration shortestRetention) {

  TrailSettings settings(Path directory) {
    return new TrailSettings.Given(
            url,
            user,
            passwordFile,
            connections,
            retention,
            Optional.ofNullable(shortestRetention),
            verifyEvery)
        .checked(directory);
  }
}
