package dev.caisson.executor.donation;

import dev.caisson.linux.Fd;
import dev.caisson.linux.FileType;
import java.util.Locale;

/**
 * A descriptor of a local caller.
 *
 * @param donor the caller's user id, unsigned
 */
public record Donated(Fd descriptor, FileType type, int donor) {
  /** As events say it. */
  public String typeName() {
    return type.name().toLowerCase(Locale.ROOT);
  }
}
