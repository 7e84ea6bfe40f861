package dev.caisson.rpc;

import java.util.List;

/** Which users may call over a socket, beyond what the socket's mode lets through. */
@FunctionalInterface
public interface PeerPolicy {
  boolean allows(Peer peer);

  /** Whoever can open the socket. */
  static PeerPolicy anyone() {
    return peer -> true;
  }

  /**
   * These users alone.
   *
   * @param numbersOrNames an entry is a user's number or name
   */
  static PeerPolicy users(List<String> numbersOrNames) {
    List<String> users = List.copyOf(numbersOrNames);
    return peer ->
        users.stream().anyMatch(peer::isEvidently) || users.stream().anyMatch(peer::isUser);
  }
}
