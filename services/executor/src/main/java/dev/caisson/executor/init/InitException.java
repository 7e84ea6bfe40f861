package dev.caisson.executor.init;

/** caisson-init is gone, or does not keep to the protocol. */
public final class InitException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public InitException(String message) {
    super(message);
  }

  public InitException(String message, Throwable cause) {
    super(message, cause);
  }
}
