package dev.caisson.executor.init;

/** A caisson-init serves, and speaks a version of the protocol that this executor does not. */
public final class OtherVersionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long version;

  OtherVersionException(long version) {
    super(
        "its caisson-init speaks version "
            + version
            + " of the protocol, and this executor version "
            + Message.CONTROL_VERSION);
    this.version = version;
  }

  public long version() {
    return version;
  }
}
