package dev.caisson.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.types.v1.Actor;
import java.net.URLEncoder;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * The headers of a record of {@link Topic#EVENTS}: those of the CloudEvents Kafka protocol binding
 * 1.0.2, binary mode, with its extensions Sequence, Partitioning and Distributed Tracing; and the
 * journal's own, from which a consumer proves that nothing is missing. They carry uids and numbers,
 * never ids, arguments or messages.
 */
public final class EventHeaders {

  public static final String CONTENT_TYPE = "content-type";
  public static final String SPEC_VERSION = "ce_specversion";
  public static final String ID = "ce_id";
  public static final String TYPE = "ce_type";

  /** {@code /nodes/<node>}. */
  public static final String SOURCE = "ce_source";

  /**
   * {@code sandboxes/<uid>}, {@code sandboxes/<uid>/containers/<uid>}; absent for what concerns no
   * sandbox.
   */
  public static final String SUBJECT = "ce_subject";

  public static final String TIME = "ce_time";

  /**
   * The sandbox's sequence, 20 digits, so that it sorts as text; absent for what concerns no
   * sandbox.
   */
  public static final String SEQUENCE = "ce_sequence";

  public static final String PARTITION_KEY = "ce_partitionkey";
  public static final String TRACE_PARENT = "ce_traceparent";

  /** Absent without {@link #TRACE_PARENT}. */
  public static final String TRACE_STATE = "ce_tracestate";

  /** The journal's chain value, 32 bytes as they are. */
  public static final String CHAIN = "caisson-chain";

  /** The journal's epoch and sequence, decimal. */
  public static final String EPOCH = "caisson-epoch";

  public static final String SEQ = "caisson-seq";

  public static final String PROTOBUF = "application/protobuf";

  // W3C Trace Context, section 3.2: no version ff, and ids of zeros are none.
  private static final Pattern TRACE_PARENT_FORM =
      Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

  // Its section 3.3: visible ASCII and spaces, of which at least 512 characters are to be passed
  // on.
  private static final Pattern TRACE_STATE_FORM = Pattern.compile("[ -~]{1,512}");

  // A uid has 36 characters; what is longer, or has others, is no uid and goes into no header.
  private static final int MAX_UID = 64;

  // The same for each record.
  private static final Header VERSION_HEADER = header(SPEC_VERSION, "1.0");
  private static final Header CONTENT_HEADER = header(CONTENT_TYPE, PROTOBUF);

  private static final int UUID_BYTES = 16;
  private static final int SEQUENCE_DIGITS = 20;

  // RFC 3339 has years of four digits.
  private static final Instant FIRST_TIME = Instant.parse("0000-01-01T00:00:00Z");
  private static final Instant LAST_TIME = Instant.parse("9999-12-31T23:59:59.999999999Z");

  private EventHeaders() {}

  static void add(Headers headers, JournalRecord record, Event event) {
    addRequired(headers, record, eventId(record, event), EventType.of(event));
    instant(event.getTime()).ifPresent(time -> add(headers, TIME, time.toString()));
    subject(event.getSubject()).ifPresent(subject -> add(headers, SUBJECT, subject));
    if (event.getSandboxSeq() != 0) {
      add(headers, SEQUENCE, sequence(event.getSandboxSeq()));
    }
    addTrace(headers, event.getActor());
    addPosition(headers, record);
  }

  /**
   * The record's key once more; where it is no String of CloudEvents, the extension is not used.
   */
  static void addPartitionKey(Headers headers, String key) {
    if (key.codePoints().noneMatch(EventHeaders::isRefused)) {
      add(headers, PARTITION_KEY, key);
    }
  }

  private static void addTrace(Headers headers, Actor actor) {
    if (!actor.getTraceparent().isEmpty()
        && TRACE_PARENT_FORM.matcher(actor.getTraceparent()).matches()) {
      add(headers, TRACE_PARENT, actor.getTraceparent());
      if (TRACE_STATE_FORM.matcher(actor.getTracestate()).matches()) {
        add(headers, TRACE_STATE, actor.getTracestate());
      }
    }
  }

  static void addUnreadable(Headers headers, JournalRecord record) {
    addRequired(headers, record, positionId(record), EventType.UNREADABLE);
    addPosition(headers, record);
  }

  /** The value of a header as text, if it is there. */
  public static Optional<String> text(Headers headers, String name) {
    return value(headers, name).map(ByteString::toStringUtf8);
  }

  /** The last value of a header, if it is there. */
  public static Optional<ByteString> value(Headers headers, String name) {
    return Optional.ofNullable(headers.lastHeader(name))
        .map(Header::value)
        .map(ByteString::copyFrom);
  }

  private static void addRequired(Headers headers, JournalRecord record, String id, String type) {
    headers.add(VERSION_HEADER);
    add(headers, ID, id);
    add(headers, TYPE, type);
    add(headers, SOURCE, "/nodes/" + URLEncoder.encode(record.node(), UTF_8).replace("+", "%20"));
    headers.add(CONTENT_HEADER);
  }

  private static void addPosition(Headers headers, JournalRecord record) {
    headers.add(CHAIN, record.chain().toByteArray());
    add(headers, EPOCH, Long.toUnsignedString(record.epoch()));
    add(headers, SEQ, Long.toUnsignedString(record.seq()));
  }

  private static String eventId(JournalRecord record, Event event) {
    if (event.getId().size() != UUID_BYTES) {
      return positionId(record);
    }
    var bytes = event.getId().asReadOnlyByteBuffer();
    return new UUID(bytes.getLong(), bytes.getLong()).toString();
  }

  // Unique for the source, as CloudEvents asks of an id.
  private static String positionId(JournalRecord record) {
    return Long.toUnsignedString(record.epoch()) + "-" + Long.toUnsignedString(record.seq());
  }

  private static Optional<String> subject(Subject subject) {
    if (!isUid(subject.getSandboxUid())) {
      return Optional.empty();
    }
    String sandbox = "sandboxes/" + subject.getSandboxUid();
    boolean container = isUid(subject.getContainerUid());
    return Optional.of(container ? sandbox + "/containers/" + subject.getContainerUid() : sandbox);
  }

  private static boolean isUid(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_UID
        && text.chars()
            .allMatch(each -> each < 128 && (Character.isLetterOrDigit(each) || each == '-'));
  }

  private static Optional<Instant> instant(Timestamp time) {
    try {
      return Optional.of(Instant.ofEpochSecond(time.getSeconds(), time.getNanos()))
          .filter(instant -> !instant.isBefore(FIRST_TIME) && !instant.isAfter(LAST_TIME));
    } catch (DateTimeException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  // Padded, so that it sorts as text; a number of 64 bits without a sign.
  private static String sequence(long value) {
    String digits = Long.toUnsignedString(value);
    return "0".repeat(SEQUENCE_DIGITS - digits.length()) + digits;
  }

  // CloudEvents 1.0.2, type system: control characters and noncharacters are no part of a String.
  private static boolean isRefused(int codePoint) {
    return Character.isISOControl(codePoint)
        || (codePoint & 0xfffe) == 0xfffe
        || (codePoint >= 0xfdd0 && codePoint <= 0xfdef);
  }

  private static Header header(String name, String value) {
    return new RecordHeader(name, value.getBytes(UTF_8));
  }

  private static void add(Headers headers, String name, String value) {
    headers.add(name, value.getBytes(UTF_8));
  }
}
