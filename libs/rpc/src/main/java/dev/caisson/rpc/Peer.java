package dev.caisson.rpc;

import io.grpc.Context;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The process at the other end of a Unix socket, as the kernel gives it: SO_PEERCRED, read once for
 * each connection, and so is the list of users: no call reads it again.
 *
 * @param user the effective user when it connected: a name, or the number where the user has no
 *     name
 * @param group its effective group, the same way
 * @param uid the number of the user, where the machine's own list of users has it
 */
public record Peer(String user, String group, OptionalInt uid) {
  static final Context.Key<Peer> KEY = Context.key("caisson-peer");

  public Peer {
    if (user.isEmpty() || group.isEmpty()) {
      throw new IllegalArgumentException("user and group must not be empty");
    }
  }

  /** Looks the user's number up. */
  static Peer of(String user, String group) {
    return new Peer(user, group, LocalUsers.uid(user));
  }

  /** Who sent the call that this thread serves; empty over TCP and outside of a call. */
  public static Optional<Peer> current() {
    return Optional.ofNullable(KEY.get());
  }

  /** Whether this is the user with that number or name. */
  public boolean isUser(String numberOrName) {
    return isEvidently(numberOrName) || (!isEvidentlyNot(numberOrName) && isByList(numberOrName));
  }

  /** What can be said without the list of users: the same words, or the same number. */
  boolean isEvidently(String numberOrName) {
    return user.equals(numberOrName)
        || (uid.isPresent() && uid.equals(LocalUsers.number(numberOrName)));
  }

  private boolean isEvidentlyNot(String numberOrName) {
    return uid.isPresent() && LocalUsers.number(numberOrName).isPresent();
  }

  private boolean isByList(String numberOrName) {
    return LocalUsers.same(user, numberOrName);
  }
}
