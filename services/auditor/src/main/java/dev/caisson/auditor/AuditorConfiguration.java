package dev.caisson.auditor;

import io.micronaut.context.annotation.ConfigurationProperties;
import java.nio.file.Path;
import java.util.List;

/**
 * Where the auditor keeps its things.
 *
 * @param data a directory of its own
 * @param nodeKeys a directory with the public keys of nodes, a file ‹node›.pem for each; read only
 * @param socket of the API
 * @param socketMode the permissions of the socket
 * @param allowedUsers numbers or names of the users who may call over it: root and the gateway's
 * @param instance a name that no other auditor of the same Kafka has at the same time
 */
@ConfigurationProperties("caisson.auditor")
record AuditorConfiguration(
    Path data,
    Path nodeKeys,
    Path socket,
    String socketMode,
    List<String> allowedUsers,
    String instance) {

  AuditorConfiguration {
    if (allowedUsers.isEmpty()) {
      throw new IllegalArgumentException(
          "caisson.auditor.allowed-users must have at least one entry: []");
    }
    allowedUsers = List.copyOf(allowedUsers);
  }

  Path trail() {
    return data.resolve("trail");
  }

  Path streams() {
    return data.resolve("streams");
  }
}
