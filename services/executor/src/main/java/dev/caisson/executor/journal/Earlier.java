package dev.caisson.executor.journal;

/**
 * What is known of a request that came before with the same id, from the same tenant.
 *
 * @param same whether it asked for the same
 * @param cutOff the uid of what it was about, where an executor died in it, and what came of it is
 *     not known; empty: it was done
 */
public record Earlier(boolean same, String cutOff) {
  public boolean isDone() {
    return cutOff.isEmpty();
  }

  /** Whether nothing of it is left to be done to what has this uid: what it was about is gone. */
  public boolean isOver(String uid) {
    return !cutOff.equals(uid);
  }
}
