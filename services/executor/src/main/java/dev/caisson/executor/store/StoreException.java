package dev.caisson.executor.store;

import java.io.IOException;

/** The store's directory or its log could not be read or written. */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoreException(String verb, Object subject, IOException cause) {
    super("Failed to " + verb + " " + subject + ": " + cause, cause);
  }
}
