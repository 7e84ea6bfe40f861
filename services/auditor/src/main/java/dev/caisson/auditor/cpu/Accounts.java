package dev.caisson.auditor.cpu;

import dev.caisson.auditor.cpu.Kept.Ended;
import dev.caisson.auditor.cpu.Kept.Forgotten;
import dev.caisson.auditor.cpu.Kept.Living;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The accounts of one partition's sandboxes. Of one that has ended, the end is kept for a while; of
 * all whose ends are not kept any more, one time for each node: what was taken up to it, of a
 * sandbox that is not known, may have been charged before. Not thread-safe.
 */
final class Accounts {

  /** More than any relay is out of order, and any clock of a node is set back. */
  static final Duration ENDED_KEPT = Duration.ofHours(6);

  private static final Forgotten NOTHING = new Forgotten(Long.MIN_VALUE, Kept.UNKNOWN);

  private static final Logger LOG = LoggerFactory.getLogger(Accounts.class);

  private final KeyValueStore<String, byte[]> store;
  private final Duration silentKept;

  /**
   * Accounts in a store.
   *
   * @param silentKept how long after its last sample a sandbox is kept that has not ended; longer
   *     than {@link #ENDED_KEPT}
   */
  Accounts(KeyValueStore<String, byte[]> store, Duration silentKept) {
    this.store = store;
    this.silentKept = silentKept;
  }

  /** What is known of a sandbox. */
  Optional<Kept> find(String key) {
    return decoded(store.get(key));
  }

  /**
   * Whether a sample of a sandbox that is not known may be of one that was forgotten.
   *
   * @param time when it was taken, by the node's clock
   */
  boolean mayBeForgotten(String node, long time) {
    return time <= forgottenUpTo(node);
  }

  void put(String key, Kept kept) {
    store.put(key, AccountCodec.encode(kept));
  }

  /** Forgets what is too old to be of use. */
  void forgetOld(long now) {
    try (KeyValueIterator<String, byte[]> all = store.all()) {
      all.forEachRemaining(entry -> look(entry.key, entry.value, now));
    }
  }

  // Nearly all are young, and are not decoded.
  private void look(String key, byte[] stored, long now) {
    try {
      long written = AccountCodec.written(stored);
      if (written == Kept.UNKNOWN) {
        date(key, AccountCodec.decode(stored), now);
      } else if (isOlder(written, ENDED_KEPT, now)) {
        forgetIfOld(key, AccountCodec.decode(stored), now);
      }
    } catch (IllegalArgumentException e) {
      LOG.debug("{} cannot be read: {}", key, e.getMessage());
    }
  }

  private void date(String key, Kept kept, long now) {
    if (kept instanceof Living living) {
      put(key, new Living(living.account(), now));
    }
  }

  private void forgetIfOld(String key, Kept kept, long now) {
    switch (kept) {
      case Ended ended -> forget(key, ended, now);
      case Living _, Forgotten _ -> {
        if (isOlder(kept.written(), silentKept, now)) {
          store.delete(key);
        }
      }
    }
  }

  // A node whose clock was far ahead for a while must not have its new sandboxes taken for old
  // ones.
  private void forget(String key, Ended ended, long now) {
    String node = key.substring(0, key.lastIndexOf('/'));
    long time = Math.max(forgottenUpTo(node), Math.min(ended.time(), now));
    put(keyOf(node), new Forgotten(time, now));
    store.delete(key);
  }

  private long forgottenUpTo(String node) {
    return find(keyOf(node)).orElse(NOTHING) instanceof Forgotten forgotten
        ? forgotten.time()
        : NOTHING.time();
  }

  // No sandbox has it, since none has an empty uid.
  private static String keyOf(String node) {
    return node + "/";
  }

  private static boolean isOlder(long written, Duration age, long now) {
    return written < now - age.toMillis();
  }

  private static Optional<Kept> decoded(byte @Nullable [] stored) {
    return Optional.ofNullable(stored).map(AccountCodec::decode);
  }
}
