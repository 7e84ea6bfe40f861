package dev.caisson.auditor.trail;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * What is searched for: all of it must match; what is empty matches all.
 *
 * @param sandbox id or uid
 * @param container id or uid
 * @param type a CloudEvents type, or a prefix that ends in `.`
 * @param from inclusive, nanoseconds since 1970
 * @param to exclusive, nanoseconds since 1970
 * @param outcome as in {@link TrailColumns#outcome}
 * @param pageSize records, 1 to {@link #MAX_PAGE_SIZE}
 */
public record TrailQuery(
    String tenant,
    String node,
    String sandbox,
    String container,
    String principal,
    String type,
    OptionalLong from,
    OptionalLong to,
    String outcome,
    int pageSize) {

  public static final int DEFAULT_PAGE_SIZE = 100;
  public static final int MAX_PAGE_SIZE = 1_000;

  // Longer than any id, uid, principal or type that is recorded.
  private static final int MAX_TEXT = 1_024;
  private static final Pattern TYPE = Pattern.compile("[a-z0-9.]*");

  public TrailQuery {
    if (pageSize < 1 || pageSize > MAX_PAGE_SIZE) {
      throw new InvalidQueryException("page_size", "must be from 0 to 1000: " + pageSize);
    }
    requireShort("tenant", tenant);
    requireShort("node", node);
    requireShort("sandbox", sandbox);
    requireShort("container", container);
    requireShort("principal", principal);
    requireShort("type", type);
    if (!TYPE.matcher(type).matches()) {
      throw new InvalidQueryException("type", "must be letters, digits and dots: " + type);
    }
    if (from.isPresent() && to.isPresent() && from.getAsLong() > to.getAsLong()) {
      throw new InvalidQueryException("to", "must not be before from");
    }
  }

  private static void requireShort(String field, String value) {
    if (value.length() > MAX_TEXT) {
      throw new InvalidQueryException(
          field, "must have at most 1024 characters: " + value.length());
    }
  }

  /** The conditions in SQL, with the values of their parameters. */
  Conditions conditions() {
    Conditions conditions = new Conditions(new ArrayList<>(), new ArrayList<>());
    conditions.addIfSet(tenant, "tenant = ?");
    conditions.addIfSet(node, "node = ?");
    conditions.addIfSet(sandbox, "(sandbox_id = ? OR sandbox_uid = ?)");
    conditions.addIfSet(container, "(container_id = ? OR container_uid = ?)");
    conditions.addIfSet(principal, "principal = ?");
    addOutcome(conditions);
    addType(conditions);
    from.ifPresent(time -> conditions.add("time_nanos >= ?", time));
    to.ifPresent(time -> conditions.add("time_nanos < ?", time));
    return conditions;
  }

  // Failures are few, and have an index of their own, which is only taken for what it is said to
  // hold.
  private void addOutcome(Conditions conditions) {
    switch (outcome) {
      case TrailColumns.FAILED -> conditions.add("outcome = 'FAILED'");
      case TrailColumns.DENIED -> conditions.add("outcome = 'DENIED'");
      default -> conditions.addIfSet(outcome, "outcome = ?");
    }
  }

  // As a range, which an index can serve and which needs no escaping: '/' is the character after
  // '.'.
  private void addType(Conditions conditions) {
    if (type.endsWith(".")) {
      conditions.add("type >= ?", type);
      conditions.add("type < ?", type.substring(0, type.length() - 1) + "/");
    } else {
      conditions.addIfSet(type, "type = ?");
    }
  }

  /** Conditions that must all hold. Each `?` takes the next value. */
  record Conditions(List<String> sql, List<Object> values) {

    void add(String condition, Object... parameters) {
      sql.add(condition);
      values.addAll(List.of(parameters));
    }

    void addIfSet(String value, String condition) {
      if (!value.isEmpty()) {
        sql.add(condition);
        condition.chars().filter(c -> c == '?').forEach(_ -> values.add(TrailColumns.text(value)));
      }
    }

    String where() {
      return sql.isEmpty() ? "" : " WHERE " + String.join(" AND ", sql);
    }
  }
}
