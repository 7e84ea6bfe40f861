package dev.caisson.auditor;

import io.micronaut.context.annotation.ConfigurationProperties;
import java.nio.file.Path;

/**
 * Where the auditor keeps its things.
 *
 * @param data a directory of its own
 * @param socket of the API
 * @param socketMode the permissions of the socket
 */
@ConfigurationProperties("caisson.auditor")
record AuditorConfiguration(Path data, Path socket, String socketMode) {

  Path trail() {
    return data.resolve("trail");
  }

  Path streams() {
    return data.resolve("streams");
  }
}
