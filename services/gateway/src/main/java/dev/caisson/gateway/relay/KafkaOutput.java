package dev.caisson.gateway.relay;

import java.time.Duration;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.jspecify.annotations.Nullable;

/**
 * Writes batches, each wholly or not at all. After an exception it must be closed: only a new one,
 * which fences this one and then reads the committed position, knows whether the batch was written.
 * Used by one thread.
 */
final class KafkaOutput implements AutoCloseable {

  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private final String node;
  private final Producer<byte[], byte[]> producer;

  KafkaOutput(String node, Producer<byte[], byte[]> producer) {
    this.node = node;
    this.producer = producer;
  }

  /**
   * Ends whatever a predecessor left open, and keeps it from writing any more.
   *
   * @throws FencedException when another relay did the same at the same time
   */
  void fence() {
    try {
      producer.initTransactions();
    } catch (KafkaException e) {
      throw fenced(e) ? new FencedException(node, e) : e;
    }
  }

  /**
   * Writes a batch.
   *
   * @throws FencedException when another relay has taken over
   * @throws KafkaException when the broker cannot be reached or refuses; whether the batch is
   *     written is not known
   */
  void write(RelayBatch batch) {
    try {
      producer.beginTransaction();
      for (ProducerRecord<byte[], byte[]> record : batch.toSend()) {
        var _ = producer.send(record);
      }
      producer.commitTransaction();
    } catch (KafkaException e) {
      throw fenced(e) || fencedWhileAborting() ? new FencedException(node, e) : e;
    }
  }

  @Override
  public void close() {
    producer.close(CLOSE_TIMEOUT);
  }

  // A transaction that took too long looks like a takeover until one tries to abort it.
  private boolean fencedWhileAborting() {
    try {
      producer.abortTransaction();
      return false;
    } catch (KafkaException | IllegalStateException e) {
      return fenced(e);
    }
  }

  private static boolean fenced(@Nullable Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof ProducerFencedException) {
        return true;
      }
    }
    return false;
  }
}
