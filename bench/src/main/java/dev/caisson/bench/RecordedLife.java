package dev.caisson.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.UsageSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * What the record has of one sandbox, from its creation to its deletion: with one container, in
 * which one program is executed, and which is sampled a few times.
 */
record RecordedLife(List<Event> events, List<UsageSample> samples) {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final int SAMPLES = 3;

  /** Lives one, and reads what was recorded of it. */
  static RecordedLife of(Lives lives, ClientSettings kafka, String id) throws Exception {
    try (KafkaConsumer<byte[], byte[]> topics = atEnd(kafka)) {
      RecordedLife life = new RecordedLife(new ArrayList<>(), new ArrayList<>());
      lives.perform(Operation.CREATE, id);
      lives.perform(Operation.START, id);
      lives.perform(Operation.EXEC, id);
      life.read(topics, id, () -> life.samples.size() >= SAMPLES);
      lives.perform(Operation.SIGNAL_AND_WAIT, id);
      lives.perform(Operation.DELETE, id);
      life.read(topics, id, life::isOver);
      return life;
    }
  }

  private static KafkaConsumer<byte[], byte[]> atEnd(ClientSettings kafka) {
    KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.committedConsumer());
    List<TopicPartition> all =
        Stream.of(Topic.EVENTS, Topic.USAGE)
            .flatMap(topic ->
                IntStream.range(0, consumer.partitionsFor(topic.topicName()).size())
                    .mapToObj(partition -> new TopicPartition(topic.topicName(), partition)))
            .toList();
    consumer.assign(all);
    consumer.seekToEnd(all);
    all.forEach(consumer::position);
    return consumer;
  }

  /** What is to come true. */
  private interface Condition {
    boolean holds();
  }

  private void read(KafkaConsumer<byte[], byte[]> topics, String id, Condition until)
      throws InvalidProtocolBufferException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!until.holds()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("The record of " + id + " must come within a minute");
      }
      for (ConsumerRecord<byte[], byte[]> record : topics.poll(POLL)) {
        take(record, id);
      }
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record, String id)
      throws InvalidProtocolBufferException {
    if (record.topic().equals(Topic.EVENTS.topicName())) {
      Event event = Event.parseFrom(record.value());
      if (event.getSubject().getSandboxId().equals(id)) {
        events.add(event);
      }
    } else {
      UsageSample sample = UsageSample.parseFrom(record.value());
      if (sample.getSandboxId().equals(id)) {
        samples.add(sample);
      }
    }
  }

  private boolean isOver() {
    return events.stream().anyMatch(Event::hasSandboxDeleted)
        && samples.stream().anyMatch(UsageSample::getLast);
  }
}
