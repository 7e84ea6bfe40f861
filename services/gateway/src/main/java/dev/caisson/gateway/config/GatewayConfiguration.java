package dev.caisson.gateway.config;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Settings below {@code caisson.gateway}.
 *
 * @param socket where callers connect
 * @param socketMode permissions of that socket: who may write to it may connect
 * @param socketGroup group of that socket: a name or number; absent: the gateway's own
 * @param executorSocket the executor's, for commands
 * @param journalSocket the executor's, for its journal
 * @param auditorSocket the auditor's; it need not be there
 * @param allowedUsers numbers or names of the users who may call; {@code *}: all who can connect
 * @param accessFile who may do what, docs/access.md; absent: whoever may call may do everything
 * @param policyFile what is allowed in which way, docs/policies; absent: everything that the
 *     executor allows
 * @param drain how long calls that run may take to finish when the gateway ends
 */
@ConfigurationProperties("caisson.gateway")
public record GatewayConfiguration(
    @Bindable(defaultValue = "/run/caisson/gateway.sock") String socket,
    @Bindable(defaultValue = "rw-rw----") String socketMode,
    Optional<String> socketGroup,
    @Bindable(defaultValue = "/run/caisson/executor.sock") String executorSocket,
    @Bindable(defaultValue = "/run/caisson/journal.sock") String journalSocket,
    @Bindable(defaultValue = "/run/caisson/auditor/audit.sock") String auditorSocket,
    @Bindable(defaultValue = "*") List<String> allowedUsers,
    Optional<String> accessFile,
    Optional<String> policyFile,
    @Bindable(defaultValue = "5s") Duration drain) {

  public GatewayConfiguration {
    if (allowedUsers.isEmpty()) {
      throw new IllegalArgumentException(
          "caisson.gateway.allowed-users must have at least one entry: []");
    }
    allowedUsers = List.copyOf(allowedUsers);
  }

  public Path socketPath() {
    return Path.of(socket);
  }

  public Path executorPath() {
    return Path.of(executorSocket);
  }

  public Path journalPath() {
    return Path.of(journalSocket);
  }

  public Path auditorPath() {
    return Path.of(auditorSocket);
  }
}
