package dev.caisson.events;

import org.apache.kafka.common.errors.SslAuthenticationException;

/** What keeps a client from Kafka, in words; never shows a secret. */
public final class KafkaTrouble {

  private KafkaTrouble() {}

  /** Of TLS, Kafka itself says when it failed; why is what its cause says. */
  public static String words(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof SslAuthenticationException && cause.getCause() != null) {
        return message(cause) + ": " + message(cause.getCause());
      }
    }
    return message(error);
  }

  private static String message(Throwable error) {
    return error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
  }
}
