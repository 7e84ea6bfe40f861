package dev.caisson.executor.journal;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.UsageSample;
import java.util.Optional;

/** Backlogs as the API says them. */
final class BacklogMessages {

  private BacklogMessages() {}

  private interface Time {
    Timestamp of(LogRecord record) throws InvalidProtocolBufferException;
  }

  // Of bytes that cannot be read there is no time.
  private static Optional<Timestamp> time(LogRecord record, Time time) {
    try {
      return Optional.of(time.of(record))
          .filter(one -> !one.equals(Timestamp.getDefaultInstance()));
    } catch (InvalidProtocolBufferException _) {
      return Optional.empty();
    }
  }

  static dev.caisson.proto.journal.v1.Backlog ofEvents(Backlog backlog) {
    return message(backlog, record -> Event.parseFrom(record.bytes()).getTime());
  }

  static dev.caisson.proto.journal.v1.Backlog ofSamples(Backlog backlog) {
    return message(backlog, record -> UsageSample.parseFrom(record.bytes()).getTime());
  }

  private static dev.caisson.proto.journal.v1.Backlog message(Backlog backlog, Time time) {
    dev.caisson.proto.journal.v1.Backlog.Builder message =
        dev.caisson.proto.journal.v1.Backlog.newBuilder()
            .setRecords(backlog.records())
            .setBytes(backlog.bytes());
    backlog.oldest().flatMap(record -> time(record, time)).ifPresent(message::setOldest);
    return message.build();
  }
}
