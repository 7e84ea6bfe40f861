package dev.caisson.gateway.relay;

import dev.caisson.events.JournalRecord;
import dev.caisson.events.Records;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.journal.v1.UsageRecord;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;

/** What goes to Kafka in one transaction: records, and how far the relay is after them. */
final class RelayBatch {

  private final String node;
  private final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
  private Progress progress;
  private int events;
  private long eventBytes;
  private long sampleBytes;

  RelayBatch(String node, Progress before) {
    this.node = node;
    this.progress = before;
  }

  void add(Arrival arrival) {
    switch (arrival) {
      case Arrival.Events events -> events.records().forEach(this::add);
      case Arrival.Samples samples -> samples.records().forEach(this::add);
    }
  }

  boolean isEmpty() {
    return records.isEmpty();
  }

  int size() {
    return records.size();
  }

  int events() {
    return events;
  }

  int samples() {
    return records.size() - events;
  }

  long eventBytes() {
    return eventBytes;
  }

  long sampleBytes() {
    return sampleBytes;
  }

  Progress progress() {
    return progress;
  }

  /** The records, and at the end the position. */
  List<ProducerRecord<byte[], byte[]>> toSend() {
    List<ProducerRecord<byte[], byte[]>> all = new ArrayList<>(records);
    all.add(Records.position(node, progress.message()));
    return all;
  }

  private void add(Record record) {
    Place place = Place.of(record.getPosition());
    requireAfter(progress.events(), place);
    records.add(
        Records.event(
            new JournalRecord(
                node, place.epoch(), place.seq(), record.getEvent(), record.getChain())));
    progress = progress.withEvents(place);
    events++;
    eventBytes += record.getEvent().size();
  }

  private void add(UsageRecord record) {
    Place place = Place.of(record.getPosition());
    requireAfter(progress.usage(), place);
    records.add(Records.usage(node, record.getSample()));
    progress = progress.withUsage(place);
    sampleBytes += record.getSample().size();
  }

  // What came before would be a second copy in Kafka.
  private static void requireAfter(Place before, Place place) {
    if (place.compareTo(before) <= 0) {
      throw new IllegalStateException("The journal sent " + place + " after " + before);
    }
  }
}
