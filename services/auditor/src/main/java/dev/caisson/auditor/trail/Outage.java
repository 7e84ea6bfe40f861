package dev.caisson.auditor.trail;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells a database that is away, which is waited for, from one that refuses what it is asked. */
final class Outage {

  /** SQL's own class of connection exceptions. */
  static final String STATE = "08000";

  private static final String CONNECTION_CLASS = "08";

  /** PostgreSQL: it is shut down, has crashed, or is starting; or has no connection to spare. */
  private static final Set<String> STATES = Set.of("57P01", "57P02", "57P03", "53300");

  private Outage() {}

  /** Whether an error says that the database is away. */
  static boolean is(SQLException error) {
    String state = error.getSQLState();
    return error instanceof SQLTransientConnectionException || (state != null && isAway(state));
  }

  private static boolean isAway(String state) {
    return state.startsWith(CONNECTION_CLASS) || STATES.contains(state);
  }

  /** The database's own error below another; empty: there is none. */
  static Optional<SQLException> cause(@Nullable Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException e && is(e)) {
        return Optional.of(e);
      }
    }
    return Optional.empty();
  }
}
