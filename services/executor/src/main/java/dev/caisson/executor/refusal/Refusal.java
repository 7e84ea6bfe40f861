package dev.caisson.executor.refusal;

import dev.caisson.proto.executor.v1.Reason;
import java.util.Map;

/**
 * The caller must change something: why, in a sentence, and with what a program needs to know of
 * it.
 *
 * @param metadata of the {@code ErrorInfo}; the keys are those that the reason's comment names
 */
public record Refusal(Reason reason, String message, Map<String, String> metadata) {
  /** Longest part of a caller's value that a message repeats, in characters. */
  static final int MAX_SHOWN = 128;

  public Refusal {
    metadata = Map.copyOf(metadata);
  }

  /** {@code field must rule: value}. */
  public static Refusal invalid(String field, String rule, Object value) {
    return ofField(Reason.INVALID_SPEC, field, field + " must " + rule + ": " + shown(value));
  }

  public static Refusal tooLow(String field, String rule, Object value) {
    return ofField(Reason.LIMIT_TOO_LOW, field, field + " must " + rule + ": " + shown(value));
  }

  public static Refusal unsupported(String field, String sentence) {
    return ofField(Reason.UNSUPPORTED_FIELD, field, sentence);
  }

  /** What this host, or this executor on it, cannot do. */
  public static Refusal hostLacks(String field, String sentence) {
    return ofField(Reason.HOST_UNSUPPORTED, field, sentence);
  }

  public static Refusal invalidId(String field, String message) {
    return ofField(Reason.INVALID_ID, field, message);
  }

  /** A bound of the executor, not of the format. */
  public static Refusal limit(String limit, String message) {
    return new Refusal(Reason.LIMIT_REACHED, message, Map.of("limit", limit));
  }

  /** A rule of the guard. */
  public static Refusal guard(String rule, String message) {
    return new Refusal(Reason.GUARD_REFUSED, message, Map.of("rule", rule));
  }

  /** This refusal, to be thrown out of nested checks. */
  public RefusedException exception() {
    return new RefusedException(this);
  }

  private static Refusal ofField(Reason reason, String field, String message) {
    return new Refusal(reason, message, Map.of("field", field));
  }

  /** A value as a message may repeat it: short, on one line, without control characters. */
  static String shown(Object value) {
    String text = String.valueOf(value);
    String head = text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
    return head.replaceAll("\\p{Cc}|\\p{Cf}|[\\u2028\\u2029]", "?");
  }
}
