package dev.caisson.gateway.access;

import java.util.List;

/** An access file that cannot be used; says everything that must be changed in it. */
final class AccessException extends Exception {
  private static final long serialVersionUID = 1L;

  AccessException(String file, List<String> problems) {
    super("The access file must be changed: " + file + "\n  " + String.join("\n  ", problems));
  }
}
