package dev.caisson.gateway.relay;

import dev.caisson.events.ClientSettings;
import dev.caisson.events.TopicCreation;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;

/** Begins sessions between a journal and a real Kafka. */
final class RelayOpening implements Relay.Opening {

  private final RelayConfiguration kafka;
  private final JournalFeed.Source journal;
  private final RelayMetrics metrics;

  RelayOpening(RelayConfiguration kafka, JournalFeed.Source journal, RelayMetrics metrics) {
    this.kafka = kafka;
    this.journal = journal;
    this.metrics = metrics;
  }

  @Override
  public RelaySession open(Progress floor) {
    String node = journal.node();
    KafkaOutput output = new KafkaOutput(node, producer(node));
    try (Admin admin = Admin.create(ClientSettings.admin(kafka.bootstrapServers()))) {
      TopicCreation.createMissing(admin, kafka.replication());
      output.fence();
      Progress committed = CommittedProgress.read(kafka.bootstrapServers(), admin, node);
      Progress progress = committed.orLater(floor);
      return new RelaySession(node, journal.open(progress), output, progress, metrics);
    } catch (RuntimeException e) {
      output.close();
      throw e;
    }
  }

  private KafkaProducer<byte[], byte[]> producer(String node) {
    return new KafkaProducer<>(
        ClientSettings.transactionalProducer(kafka.bootstrapServers(), "caisson-relay-" + node));
  }
}
