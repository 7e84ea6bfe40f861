package dev.caisson.executor.donation;

import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Descriptors that wait for the request that names them.
 *
 * <p>Thread-safe. Nothing here waits for a donor: what does is done apart.
 */
public final class Donations {
  /** Nobody guesses it. */
  private static final int TOKEN_BYTES = 16;

  /** Of those that have not been closed, and of one user's. */
  private static final int MOST = 4096;

  private static final int MOST_OF_ONE = 2048;

  private static final long IDLE_SECONDS = 10;

  private static final ThreadFactory THREADS =
      Thread.ofPlatform().daemon().name("donation-", 0).factory();

  private final SecureRandom random = new SecureRandom();
  private final Map<String, Donated> waiting = new HashMap<>();

  /** By user: how many he has here, and what is to be closed, one after the other. */
  private final Map<Integer, Integer> held = new HashMap<>();

  private final Map<Integer, Queue<Donated>> closing = new HashMap<>();

  private final Executor threads =
      new ThreadPoolExecutor(
          0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), THREADS);

  /**
   * Runs what may wait for a donor, on a thread of its own. To be bounded by whoever calls: there
   * are as many threads as there are connections, and one for each donor who closes.
   */
  void apart(Runnable task) {
    threads.execute(task);
  }

  synchronized boolean hasRoom(int donor, int count) {
    int all = held.values().stream().mapToInt(Integer::intValue).sum();
    return all + count <= MOST && held.getOrDefault(donor, 0) + count <= MOST_OF_ONE;
  }

  synchronized boolean isWaiting(String token) {
    return waiting.containsKey(token);
  }

  /** Takes the descriptor over. */
  synchronized String add(Donated donated) {
    byte[] token = new byte[TOKEN_BYTES];
    random.nextBytes(token);
    String text = HexFormat.of().formatHex(token);
    waiting.put(text, donated);
    held.merge(donated.donor(), 1, Integer::sum);
    return text;
  }

  /** The taker has it {@link #close closed}; nobody else gets it. */
  public synchronized Optional<Donated> take(String token) {
    return Optional.ofNullable(waiting.remove(token));
  }

  /** Closes those of them that nobody has taken. */
  void drop(Collection<String> tokens) {
    tokens.forEach(token -> take(token).ifPresent(this::close));
  }

  /**
   * Soon, since even close(2) of a descriptor of his may wait for a donor: SO_LINGER, socket(7).
   */
  public synchronized void close(Donated donated) {
    Queue<Donated> queue = closing.get(donated.donor());
    if (queue == null) {
      closing.put(donated.donor(), new ArrayDeque<>());
      apart(() -> closeAll(donated));
    } else {
      queue.add(donated);
    }
  }

  private void closeAll(Donated first) {
    for (Optional<Donated> next = Optional.of(first); next.isPresent(); ) {
      next.get().descriptor().close();
      next = closed(first.donor());
    }
  }

  /** What is next; nothing: the next one begins anew. */
  private synchronized Optional<Donated> closed(int donor) {
    held.computeIfPresent(donor, (id, count) -> count == 1 ? null : count - 1);
    Queue<Donated> queue = closing.getOrDefault(donor, new ArrayDeque<>());
    Optional<Donated> next = Optional.ofNullable(queue.poll());
    if (next.isEmpty()) {
      closing.remove(donor);
    }
    return next;
  }
}
