package dev.caisson.auditor.trail;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;

/** Puts records into the trail's table that are not in it yet. */
interface Rows {

  /** The columns, in their order. */
  String COLUMNS =
      "node, epoch, seq, sandbox_seq, time_nanos, type, phase, outcome, tenant, sandbox_id,"
          + " sandbox_uid, container_id, container_uid, principal, event, chain, arrived_week";

  /**
   * Inserts, in the connection's transaction.
   *
   * @param week in which they came
   */
  void insert(Connection connection, Collection<TrailEntry> entries, int week) throws SQLException;
}
