package dev.caisson.auditor.trail;

/** A search took longer than any may, and was stopped. */
public final class SearchTooLongException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  SearchTooLongException() {
    super("The search took too long, and was stopped");
  }
}
