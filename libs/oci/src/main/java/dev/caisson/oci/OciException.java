package dev.caisson.oci;

import java.util.Optional;

/** A config.json that is not converted: why, and where. */
public final class OciException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of refusal it is. */
  public enum Reason {
    /** The text is not JSON, or beyond the bounds of what is read. */
    MALFORMED_JSON,
    /** A field is missing or has a value that nothing can be done with. */
    INVALID_OCI_SPEC,
    /** A field asks for something that Caisson does not do. */
    UNSUPPORTED
  }

  /** In the text, both from 1. */
  public record Position(int line, int column) implements java.io.Serializable {
    private static final long serialVersionUID = 1L;
  }

  private final Reason reason;
  private final String field;
  private final transient Optional<Position> position;

  private OciException(Reason reason, String field, Optional<Position> position, String message) {
    super(message);
    this.reason = reason;
    this.field = field;
    this.position = position;
  }

  static OciException malformed(String message, Optional<Position> position) {
    return new OciException(Reason.MALFORMED_JSON, "", position, message);
  }

  /**
   * @param rule what must hold, as in {@code have at least one entry}
   */
  static OciException invalid(String field, String rule, Object value) {
    return new OciException(
        Reason.INVALID_OCI_SPEC,
        field,
        Optional.empty(),
        field + " must " + rule + ": " + Shown.of(value));
  }

  static OciException unsupported(String field, Object value, String hint) {
    return new OciException(
        Reason.UNSUPPORTED,
        field,
        Optional.empty(),
        field + " must not be set: " + Shown.of(value) + "; " + hint);
  }

  public Reason reason() {
    return reason;
  }

  /**
   * As in {@code linux.resources.memory.limit} or {@code mounts[2].destination}; empty for text.
   */
  public String field() {
    return field;
  }

  /** Where the text stops being JSON. */
  public Optional<Position> position() {
    return position == null ? Optional.empty() : position;
  }
}
