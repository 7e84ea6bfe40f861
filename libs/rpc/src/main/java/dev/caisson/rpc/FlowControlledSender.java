package dev.caisson.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Sends on a server's stream no faster than the client reads: what is on its way is bounded by
 * gRPC's own buffer (32 KiB and one message) and the stream's window. Made in the service's method,
 * before it returns. Thread-safe; messages of several threads are sent whole, in any order.
 */
public final class FlowControlledSender<T> {
  /** What became of a message. */
  public enum Sent {
    /** gRPC has it. */
    ACCEPTED,
    /** The client does not read; the message was not taken. */
    FULL,
    /** The call is over; nobody will read it. */
    ENDED
  }

  private final ServerCallStreamObserver<T> observer;
  private final Runnable whenReady;
  private final Runnable whenCancelled;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean ended;

  public FlowControlledSender(ServerCallStreamObserver<T> observer) {
    this(observer, () -> {}, () -> {});
  }

  /**
   * @param whenReady called, by a thread of gRPC, when the stream takes messages again
   * @param whenCancelled called, by a thread of gRPC, when the client has given up
   */
  public FlowControlledSender(
      ServerCallStreamObserver<T> observer, Runnable whenReady, Runnable whenCancelled) {
    this.observer = observer;
    this.whenReady = whenReady;
    this.whenCancelled = whenCancelled;
    observer.setOnReadyHandler(this::ready);
    observer.setOnCancelHandler(this::cancelled);
  }

  /** Sends at once, or not at all. */
  public Sent offer(T message) {
    lock.lock();
    try {
      return offerLocked(message);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until the message can be sent.
   *
   * @return ACCEPTED; ENDED; or FULL, when the client has read nothing for so long
   */
  public Sent send(T message, Duration patience) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long nanos = patience.toNanos();
      Sent sent = offerLocked(message);
      while (sent == Sent.FULL && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
        sent = offerLocked(message);
      }
      return sent;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the call well; without effect when it is over. */
  public void complete() {
    end(observer::onCompleted);
  }

  /** Ends the call with an error; without effect when it is over. */
  public void fail(Throwable error) {
    end(() -> observer.onError(error));
  }

  private Sent offerLocked(T message) {
    if (ended || observer.isCancelled()) {
      return Sent.ENDED;
    }
    if (!observer.isReady()) {
      return Sent.FULL;
    }
    observer.onNext(message);
    return Sent.ACCEPTED;
  }

  private void end(Runnable how) {
    lock.lock();
    try {
      if (!ended && !observer.isCancelled()) {
        how.run();
      }
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void ready() {
    signal();
    whenReady.run();
  }

  private void cancelled() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    whenCancelled.run();
  }

  private void signal() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
