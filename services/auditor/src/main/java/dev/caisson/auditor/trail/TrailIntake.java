package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.trail.AsideRecord.Reason;
import dev.caisson.auditor.trail.TrailBatch.Received;
import dev.caisson.events.EventHeaders;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Sorts what a poll brought: into records of the trail, and what cannot be one, which never stops
 * the rest.
 */
final class TrailIntake {

  private final SourceTopic topic;
  private final List<Received> received = new ArrayList<>();
  private final List<AsideRecord> aside = new ArrayList<>();

  TrailIntake(SourceTopic topic) {
    this.topic = topic;
  }

  void add(ConsumerRecord<byte[], byte[]> record) {
    ByteString value =
        record.value() == null ? ByteString.EMPTY : ByteString.copyFrom(record.value());
    ByteString chain =
        EventHeaders.value(record.headers(), EventHeaders.CHAIN).orElse(ByteString.EMPTY);
    try {
      TrailEntry entry = TrailEntry.received(value, chain);
      received.add(new Received(topic, record.partition(), record.offset(), entry));
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      aside.add(unreadable(record, value, String.valueOf(e.getMessage())));
    }
  }

  TrailBatch batch(List<PartitionOffset> offsets) {
    return new TrailBatch(received, aside, offsets);
  }

  private AsideRecord unreadable(
      ConsumerRecord<byte[], byte[]> record, ByteString value, String why) {
    return new AsideRecord(
        topic, record.partition(), record.offset(), Reason.UNREADABLE, why, value);
  }
}
