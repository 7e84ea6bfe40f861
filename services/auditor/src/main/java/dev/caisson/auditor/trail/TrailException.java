package dev.caisson.auditor.trail;

import java.sql.SQLException;

/** The trail cannot be read. */
public final class TrailException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final boolean away;

  public TrailException(SQLException cause) {
    super("Failed to read the trail", cause);
    this.away = Outage.is(cause);
  }

  /** Whether the database is away, and is waited for. */
  public boolean isAway() {
    return away;
  }
}
