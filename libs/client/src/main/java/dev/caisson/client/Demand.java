package dev.caisson.client;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Operators;

/**
 * How many messages are asked for, handed to a call as soon as there is one. gRPC counts in an int;
 * more than that means no bound, and is handed over one by one as messages arrive.
 */
final class Demand {
  private final AtomicLong waiting = new AtomicLong();
  private volatile @Nullable IntConsumer call;

  void add(long messages) {
    waiting.accumulateAndGet(messages, Operators::addCap);
    hand();
  }

  /** From now on demand goes to this call. */
  void start(IntConsumer requests) {
    call = requests;
    hand();
  }

  /** A message has arrived. */
  void arrived() {
    if (waiting.get() > 0) {
      hand();
    }
  }

  private void hand() {
    IntConsumer requests = call;
    if (requests == null) {
      return;
    }
    long all = waiting.getAndSet(0);
    if (all > Integer.MAX_VALUE) {
      waiting.set(Long.MAX_VALUE);
      requests.accept(1);
    } else if (all > 0) {
      requests.accept((int) all);
    }
  }
}
