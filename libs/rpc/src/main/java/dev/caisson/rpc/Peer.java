package dev.caisson.rpc;

import io.grpc.Context;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The process at the other end of a Unix socket, as the kernel gives it: SO_PEERCRED, read once for
 * each connection.
 *
 * @param user the effective user when it connected: a name, or the number where the user has no
 *     name
 * @param group its effective group, the same way
 */
public record Peer(String user, String group) {
  static final Context.Key<Peer> KEY = Context.key("caisson-peer");

  public Peer {
    if (user.isEmpty() || group.isEmpty()) {
      throw new IllegalArgumentException("user and group must not be empty");
    }
  }

  /** Who sent the call that this thread serves; empty over TCP and outside of a call. */
  public static Optional<Peer> current() {
    return Optional.ofNullable(KEY.get());
  }

  /** Whether this is the user with that number or name. */
  public boolean isUser(String numberOrName) {
    return LocalUsers.same(user, numberOrName);
  }

  /** The number of the user, where the machine's own list of users has it. */
  public OptionalInt uid() {
    return LocalUsers.uid(user);
  }
}
