package dev.caisson.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.RelayPosition;
import dev.caisson.proto.events.v1.UsageSample;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * What goes to Kafka. A value is always exactly the bytes that were journalled: bytes that cannot
 * be decoded are carried too, under the node's key, so that neither the chain nor the relay ends
 * with them.
 */
public final class Records {

  private Records() {}

  public static ProducerRecord<byte[], byte[]> event(JournalRecord record) {
    try {
      Event event = Event.parseFrom(record.event());
      String key = Keys.of(record.node(), event.getSubject().getSandboxUid());
      ProducerRecord<byte[], byte[]> produced = keyed(record, key);
      EventHeaders.add(produced.headers(), record, event);
      return produced;
    } catch (InvalidProtocolBufferException e) {
      ProducerRecord<byte[], byte[]> produced = keyed(record, record.node());
      EventHeaders.addUnreadable(produced.headers(), record);
      return produced;
    }
  }

  /** A usage sample; what cannot be decoded goes under the node's key. */
  public static ProducerRecord<byte[], byte[]> usage(String node, ByteString sample) {
    try {
      return produced(
          Topic.USAGE, Keys.of(node, UsageSample.parseFrom(sample).getSandboxUid()), sample);
    } catch (InvalidProtocolBufferException e) {
      return produced(Topic.USAGE, node, sample);
    }
  }

  public static ProducerRecord<byte[], byte[]> position(String node, RelayPosition position) {
    return produced(Topic.RELAY, node, position.toByteString());
  }

  // No timestamp of its own: the broker refuses those too far from its clock, and a node's clock
  // must not stop the relay.
  private static ProducerRecord<byte[], byte[]> produced(
      Topic topic, String key, ByteString value) {
    return new ProducerRecord<>(topic.topicName(), key.getBytes(UTF_8), value.toByteArray());
  }

  private static ProducerRecord<byte[], byte[]> keyed(JournalRecord record, String key) {
    ProducerRecord<byte[], byte[]> produced = produced(Topic.EVENTS, key, record.event());
    EventHeaders.addPartitionKey(produced.headers(), key);
    return produced;
  }
}
