package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;

/** What is known of a node, as it is kept. */
record NodeRow(String node, NodeProgress progress, Position settled, Optional<Anchor> anchor) {

  static final String COLUMNS =
      "node, last_epoch, last_seq, signed_epoch, signed_seq, waiting_since, signed_at, ended,"
          + " through_topic, through_epoch, through_seq, settled_epoch, settled_seq,"
          + " anchor_chain_before, anchor_event";

  static NodeRow of(ResultSet row) throws SQLException {
    String node = row.getString("node");
    return new NodeRow(
        node,
        new NodeProgress(
            position(row, "last"),
            position(row, "signed"),
            time(row, "waiting_since"),
            time(row, "signed_at"),
            new Through(row.getString("through_topic"), position(row, "through")),
            row.getBoolean("ended")),
        position(row, "settled"),
        anchor(node, row.getBytes("anchor_chain_before"), row.getBytes("anchor_event")));
  }

  private static Optional<Instant> time(ResultSet row, String which) throws SQLException {
    long millis = row.getLong(which);
    return millis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
  }

  private static Position position(ResultSet row, String which) throws SQLException {
    return new Position(row.getLong(which + "_epoch"), row.getLong(which + "_seq"));
  }

  private static Optional<Anchor> anchor(
      String node,
      byte @org.jspecify.annotations.Nullable [] before,
      byte @org.jspecify.annotations.Nullable [] event) {
    return before == null || event == null
        ? Optional.empty()
        : Anchor.read(node, ByteString.copyFrom(before), ByteString.copyFrom(event));
  }

  /** Whether a record was dropped, or would have been. */
  boolean isBeforeAnchor(Position position) {
    return anchor.map(it -> position.compareTo(it.position()) <= 0).orElse(false);
  }
}
