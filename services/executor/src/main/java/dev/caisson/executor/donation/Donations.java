package dev.caisson.executor.donation;

import dev.caisson.linux.Fd;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Descriptors that wait for the request that names them. Thread-safe. */
public final class Donations {
  /** Nobody guesses it. */
  private static final int TOKEN_BYTES = 16;

  /** Of those that wait, and of one user's. */
  private static final int MOST = 4096;

  private static final int MOST_OF_ONE = 2048;

  private final SecureRandom random = new SecureRandom();
  private final ConcurrentMap<String, Donated> waiting = new ConcurrentHashMap<>();

  boolean hasRoom(int donor, int count) {
    long ofOne = waiting.values().stream().filter(one -> one.donor() == donor).count();
    return waiting.size() + count <= MOST && ofOne + count <= MOST_OF_ONE;
  }

  boolean isWaiting(String token) {
    return waiting.containsKey(token);
  }

  /** Takes the descriptor over. */
  String add(Donated donated) {
    byte[] token = new byte[TOKEN_BYTES];
    random.nextBytes(token);
    String text = HexFormat.of().formatHex(token);
    waiting.put(text, donated);
    return text;
  }

  /** The taker closes it; nobody else gets it. */
  public Optional<Donated> take(String token) {
    return Optional.ofNullable(waiting.remove(token));
  }

  /** Closes those of them that nobody has taken. */
  void drop(Collection<String> tokens) {
    tokens.forEach(token -> take(token).map(Donated::descriptor).ifPresent(Fd::close));
  }
}
