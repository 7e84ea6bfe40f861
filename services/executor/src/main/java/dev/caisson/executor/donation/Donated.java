package dev.caisson.executor.donation;

import dev.caisson.linux.Fd;
import dev.caisson.linux.FileType;
import java.util.Locale;

/**
 * A descriptor of a local caller.
 *
 * @param donor the caller's user id, unsigned
 * @param isOwnPipe whether it is a pipe without a name, and the donor's
 * @param isConnection whether it is a Unix socket with another end
 */
public record Donated(
    Fd descriptor, FileType type, int donor, boolean isOwnPipe, boolean isConnection) {
  /** As events say it. */
  public String typeName() {
    return type.name().toLowerCase(Locale.ROOT);
  }
}
