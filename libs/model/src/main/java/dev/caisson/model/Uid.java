package dev.caisson.model;

import java.util.UUID;

/** What tells one sandbox, container or event from all others, ever: UUID version 7, RFC 9562. */
public record Uid(UUID value) implements Comparable<Uid> {
  private static final int VERSION = 7;

  /** The variant that the RFC defines. */
  private static final int VARIANT = 2;

  public Uid {
    if (value.version() != VERSION || value.variant() != VARIANT) {
      throw new IllegalArgumentException("uid must be a UUID of version 7: " + value);
    }
  }

  /** Parses the text form, 36 characters in lower case, and no other. */
  public static Uid parse(String text) {
    try {
      Uid uid = new Uid(UUID.fromString(text));
      if (uid.toString().equals(text)) {
        return uid;
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("uid must be a UUID of version 7 as text", e);
    }
    throw new IllegalArgumentException("uid must be written with 36 characters in lower case");
  }

  /** Milliseconds since 1970, when it was made. */
  public long millis() {
    return value.getMostSignificantBits() >>> 16;
  }

  /** In the order of the text form, which is that of making. */
  @Override
  public int compareTo(Uid other) {
    int high =
        Long.compareUnsigned(value.getMostSignificantBits(), other.value.getMostSignificantBits());
    return high != 0
        ? high
        : Long.compareUnsigned(
            value.getLeastSignificantBits(), other.value.getLeastSignificantBits());
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
