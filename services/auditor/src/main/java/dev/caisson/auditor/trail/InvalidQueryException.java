package dev.caisson.auditor.trail;

/** What the caller must change in a query. */
public final class InvalidQueryException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  private final String field;

  InvalidQueryException(String field, String rule) {
    super(field + " " + rule);
    this.field = field;
  }

  /** The request's field. */
  public String field() {
    return field;
  }
}
