package dev.caisson.gateway.relay;

import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Topic;
import dev.caisson.gateway.tracing.RecordSpans;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;

/** Begins sessions between a journal and a real Kafka. */
final class RelayOpening implements Relay.Opening {

  private static final Set<Topic> TOPICS = Set.of(Topic.EVENTS, Topic.USAGE, Topic.RELAY);

  private final KafkaAccess kafka;
  private final JournalFeed.Source journal;
  private final RelayMetrics metrics;
  private final Optional<RecordSpans> spans;

  RelayOpening(
      KafkaAccess kafka,
      JournalFeed.Source journal,
      RelayMetrics metrics,
      Optional<RecordSpans> spans) {
    this.spans = spans;
    this.kafka = kafka;
    this.journal = journal;
    this.metrics = metrics;
  }

  @Override
  public RelaySession open(Progress floor) {
    String node = journal.node();
    KafkaOutput output = new KafkaOutput(node, producer(node));
    try (Admin admin = Admin.create(kafka.clients().admin())) {
      kafka.topics().prepare(admin, TOPICS);
      output.fence();
      Progress committed = CommittedProgress.read(kafka.clients(), admin, node);
      Progress progress = committed.orLater(floor);
      return new RelaySession(node, journal.open(progress), output, progress, metrics, spans);
    } catch (RuntimeException e) {
      output.close();
      throw e;
    }
  }

  private KafkaProducer<byte[], byte[]> producer(String node) {
    return new KafkaProducer<>(kafka.clients().transactionalProducer("caisson-relay-" + node));
  }
}
