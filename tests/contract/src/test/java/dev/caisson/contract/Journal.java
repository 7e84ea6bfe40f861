package dev.caisson.contract;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.events.Records;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.Subject;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;

/** A node's journal and its relay, for many sandboxes that take turns. */
final class Journal implements AutoCloseable {

  private static final int SANDBOXES = 24;
  private static final long EPOCH = 1;

  private final String node;
  private final KafkaProducer<byte[], byte[]> producer;
  private final List<String> ids = new ArrayList<>();
  private ByteString chain = HashChain.GENESIS;
  private long seq;

  Journal(String node, String broker) {
    this.node = node;
    producer =
        new KafkaProducer<>(
            ClientSettings.of(broker).transactionalProducer("caisson-relay-" + node));
    producer.initTransactions();
  }

  /** The {@code ce_id} of each event that was committed, in the journal's order. */
  List<String> ids() {
    return ids;
  }

  /** More events in one transaction, after an attempt with the same ones that was aborted. */
  void relay(int count) throws Exception {
    List<JournalRecord> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      records.add(append());
    }
    send(records);
    producer.abortTransaction();
    send(records);
    producer.commitTransaction();
  }

  private void send(List<JournalRecord> records) throws Exception {
    producer.beginTransaction();
    List<Future<RecordMetadata>> sent =
        records.stream().map(Records::event).map(producer::send).toList();
    for (Future<RecordMetadata> each : sent) {
      each.get();
    }
  }

  /** One event that is in the chain, and never comes into the topic. */
  void withhold() {
    append();
    ids.removeLast();
  }

  private JournalRecord append() {
    seq++;
    UUID id = new UUID(0x0192f0c1_0000_7000L, 0x8000_0000_0000_0000L | seq);
    ids.add(id.toString());
    ByteString bytes = event(id).toByteString();
    chain = HashChain.next(chain, bytes);
    return new JournalRecord(node, EPOCH, seq, bytes, chain);
  }

  private Event event(UUID id) {
    long sandbox = seq % SANDBOXES;
    return Event.newBuilder()
        .setId(
            ByteString.copyFrom(
                ByteBuffer.allocate(16)
                    .putLong(id.getMostSignificantBits())
                    .putLong(id.getLeastSignificantBits())
                    .flip()))
        .setNode(node)
        .setEpoch(EPOCH)
        .setSeq(seq)
        .setSandboxSeq(1 + (seq - 1) / SANDBOXES)
        .setTime(Timestamp.newBuilder().setSeconds(1_700_000_000 + seq))
        .setSubject(
            Subject.newBuilder().setSandboxUid(new UUID(node.hashCode(), sandbox).toString()))
        .setPhase(Phase.OBSERVATION)
        .setContainerStarted(ContainerStarted.newBuilder().setPid((int) seq))
        .build();
  }

  @Override
  public void close() {
    producer.close();
  }
}
