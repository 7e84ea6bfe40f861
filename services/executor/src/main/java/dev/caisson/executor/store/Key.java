package dev.caisson.executor.store;

import java.util.Comparator;
import java.util.Locale;
import java.util.regex.Pattern;

/** What a frame is about. */
record Key(Kind kind, String uid) implements Comparable<Key> {
  /** 128 bits as text, and room for tests' own. */
  private static final Pattern UID = Pattern.compile("[0-9A-Za-z-]{1,64}");

  private static final Comparator<Key> ORDER =
      Comparator.comparing(Key::kind).thenComparing(Key::uid);

  enum Kind {
    SANDBOX,
    CONTAINER
  }

  Key {
    if (!UID.matcher(uid).matches()) {
      throw new IllegalArgumentException("uid must match " + UID + ": " + uid);
    }
  }

  @Override
  public int compareTo(Key other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return kind.name().toLowerCase(Locale.ROOT) + " " + uid;
  }
}
