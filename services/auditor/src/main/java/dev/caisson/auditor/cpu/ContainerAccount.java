package dev.caisson.auditor.cpu;

import java.util.Comparator;

/**
 * What one container has been charged. All amounts are nanoseconds, from 0.
 *
 * @param id the user's id
 * @param uid never reused
 * @param reading the counter at the last sample that listed it; can fall where it is a sum over
 *     processes
 * @param measured what its own counter has grown by, in total
 * @param total what it has been charged, in total; never falls
 * @param delta what the last sample charged it
 * @param listed the sequence of the last sample that listed it
 * @param state what the last sample said of it
 */
record ContainerAccount(
    String id,
    String uid,
    long reading,
    long measured,
    long total,
    long delta,
    long listed,
    State state) {

  /** How ties are decided: the id, and the uid where an id was used again. */
  static final Comparator<ContainerAccount> ORDER =
      Comparator.comparing(ContainerAccount::id).thenComparing(ContainerAccount::uid);

  enum State {
    RUNNING,
    /**
     * A sample did not list it: its exit was in one that was lost, or it could not be read. It can
     * come back.
     */
    UNLISTED,
    /** A sample said that it had exited: its total is final. */
    EXITED
  }

  ContainerAccount {
    if (reading < 0 || measured < 0 || total < 0 || delta < 0) {
      throw new IllegalArgumentException("amounts must not be negative: container " + uid);
    }
  }

  static ContainerAccount opened(String id, String uid) {
    return new ContainerAccount(id, uid, 0, 0, 0, 0, 0, State.RUNNING);
  }

  boolean running() {
    return state == State.RUNNING;
  }

  /** What it was charged beyond what it used itself. */
  long overhead() {
    return Math.max(0, total - measured);
  }

  ContainerAccount charged(long amount) {
    long newTotal = Math.addExact(total, amount);
    return new ContainerAccount(id, uid, reading, measured, newTotal, amount, listed, state);
  }

  ContainerAccount measured(ContainerReading now, long growth, long seq) {
    long newMeasured = Math.addExact(measured, growth);
    State newState = now.running() ? State.RUNNING : State.EXITED;
    return new ContainerAccount(id, uid, now.nanos(), newMeasured, total, 0, seq, newState);
  }

  /** As it is after a sample that says nothing new of it. */
  ContainerAccount unlisted() {
    State newState = state == State.RUNNING ? State.UNLISTED : state;
    return new ContainerAccount(id, uid, reading, measured, total, 0, listed, newState);
  }
}
