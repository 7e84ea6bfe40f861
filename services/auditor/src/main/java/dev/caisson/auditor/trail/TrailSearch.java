package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.proto.events.v1.Event;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * Searches the trail, oldest first. Pages begin after the last record of the page before, so that
 * records which come meanwhile neither repeat nor hide any. Thread-safe.
 */
public final class TrailSearch {

  /** Bytes of events on a page, so that it fits into a message of 4 MiB. */
  static final int MAX_PAGE_BYTES = 3 << 20;

  /** How long a page may take: whoever asks holds a connection meanwhile. */
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Rows that are read ahead: those of a whole page could have far more bytes than it may hold. */
  private static final int FETCHED = 50;

  private static final String AFTER =
      "time_nanos >= ? AND (time_nanos > ? OR (time_nanos = ? AND (node > ? OR (node = ? AND"
          + " (epoch > ? OR (epoch = ? AND seq > ?))))))";

  private final TrailDatabase database;

  private final Duration limit;

  public TrailSearch(TrailDatabase database) {
    this(database, LIMIT);
  }

  TrailSearch(TrailDatabase database, Duration limit) {
    this.database = database;
    this.limit = limit;
  }

  /**
   * Some records.
   *
   * @param next where the next page begins; empty: this was the last
   */
  public record Page(List<Found> found, Optional<String> next) {
    public Page {
      found = List.copyOf(found);
    }
  }

  /** A record that matches, as it was journalled, with its CloudEvents type and its chain value. */
  public record Found(Event event, String type, ByteString chain) {}

  /** A page of what matches, for one who waits for it. */
  Page search(TrailQuery query, String pageToken) throws SQLException {
    return search(query, pageToken, () -> false);
  }

  /**
   * A page of what matches.
   *
   * @param pageToken empty: the first
   * @param leaving whether nobody waits for it any more
   * @throws InvalidQueryException when the token is not of this search
   * @throws TrailBusyException when there is no turn for it
   * @throws SearchTooLongException when it was stopped for it
   * @throws CancellationException when it was stopped since nobody waits
   */
  public Page search(TrailQuery query, String pageToken, BooleanSupplier leaving)
      throws SQLException {
    TrailQuery.Conditions conditions = query.conditions();
    if (!pageToken.isEmpty()) {
      addAfter(conditions, PageToken.parse(pageToken, query));
    }
    try (Turns.Turn _ = database.turns().take();
        Connection connection = database.connect()) {
      // Without a transaction PostgreSQL's driver reads all rows at once. The pool ends it.
      connection.setReadOnly(true);
      connection.setAutoCommit(false);
      try (PreparedStatement select = connection.prepareStatement(sql(query, conditions))) {
        select.setFetchSize(FETCHED);
        for (int i = 0; i < conditions.values().size(); i++) {
          select.setObject(i + 1, conditions.values().get(i));
        }
        return page(connection, select, query, leaving);
      }
    }
  }

  static String sql(TrailQuery query, TrailQuery.Conditions conditions) {
    return "SELECT %s FROM trail%s ORDER BY time_nanos, node, epoch, seq FETCH FIRST %d ROWS ONLY"
        .formatted(TrailReader.COLUMNS, conditions.where(), query.pageSize() + 1);
  }

  private static void addAfter(TrailQuery.Conditions conditions, PageToken token) {
    long time = token.timeNanos();
    long epoch = token.position().epoch();
    conditions.add(
        AFTER, time, time, time, token.node(), token.node(), epoch, epoch, token.position().seq());
  }

  private Page page(
      Connection connection, PreparedStatement select, TrailQuery query, BooleanSupplier leaving)
      throws SQLException {
    try (StatementWatch watch =
        StatementWatch.start(() -> database.cancel(connection, select), leaving, limit)) {
      try {
        return page(select, query, watch);
      } catch (SQLException e) {
        watch.check(e);
        throw e;
      }
    }
  }

  // One more record than the page holds is asked for, to know whether there is a next page.
  private static Page page(PreparedStatement select, TrailQuery query, StatementWatch watch)
      throws SQLException {
    watch.check();
    List<TrailEntry> entries = new ArrayList<>();
    long bytes = 0;
    try (ResultSet row = select.executeQuery()) {
      while (row.next()) {
        watch.check();
        TrailEntry entry = TrailReader.entry(row);
        bytes += entry.event().size();
        boolean full = entries.size() == query.pageSize() || bytes > MAX_PAGE_BYTES;
        if (full && !entries.isEmpty()) {
          String next = PageToken.after(entries.getLast(), query).encode();
          return new Page(found(entries), Optional.of(next));
        }
        entries.add(entry);
      }
    }
    return new Page(found(entries), Optional.empty());
  }

  private static List<Found> found(List<TrailEntry> entries) {
    return entries.stream().map(TrailSearch::found).toList();
  }

  // Bytes that have been altered beyond reading are verification's to name; a search shows where
  // they are.
  private static Found found(TrailEntry entry) {
    try {
      return new Found(entry.decoded(), entry.columns().type(), entry.chain());
    } catch (InvalidProtocolBufferException e) {
      Event remains =
          Event.newBuilder()
              .setNode(entry.columns().node())
              .setEpoch(entry.position().epoch())
              .setSeq(entry.position().seq())
              .build();
      return new Found(remains, entry.columns().type(), entry.chain());
    }
  }
}
