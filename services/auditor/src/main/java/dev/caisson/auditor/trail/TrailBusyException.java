package dev.caisson.auditor.trail;

/** As many read the trail as may at a time. */
public final class TrailBusyException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TrailBusyException() {
    super("As many searches and verifications run as may at a time");
  }
}
