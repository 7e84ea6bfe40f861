package dev.caisson.auditor.trail;

import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

/**
 * Up to where a node's records have all arrived. The records of a node come in several partitions,
 * which are read one after the other: so beyond this, a missing number may only be late.
 */
public interface Horizon {

  /**
   * The end up to which each node can be verified.
   *
   * @param last the last record of each node that is in the trail
   * @return for the same nodes
   */
  Map<String, Position> settled(Map<String, Position> last) throws SQLException;

  /** The same where it is known now, and not only from earlier; empty: it is not. */
  default Optional<Map<String, Position>> proven(Map<String, Position> last) throws SQLException {
    return Optional.of(settled(last));
  }
}
