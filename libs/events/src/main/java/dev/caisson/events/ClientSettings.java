package dev.caisson.events;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Settings that every client of the record's topics shares: what makes exactly-once true, and
 * bounds.
 */
public final class ClientSettings {

  /**
   * After this, the coordinator ends what a dead relay left open; readers with read_committed wait
   * no longer for it.
   */
  public static final Duration TRANSACTION_TIMEOUT = Duration.ofSeconds(10);

  /** How long one call of a client waits for the broker before its caller decides what to do. */
  public static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

  /**
   * How long the broker keeps the question of a reader that follows a topic; an answer comes at
   * once. Each costs both sides, whether there is an answer or not.
   */
  public static final Duration FOLLOWING_WAIT = Duration.ofSeconds(2);

  private static final Duration LINGER = Duration.ofMillis(100);

  private static final int RECONNECT_BACKOFF_MAX_MILLIS = 1_000;

  private ClientSettings() {}

  /** Fences any other producer with this id at initTransactions. */
  public static Map<String, Object> transactionalProducer(
      String bootstrapServers, String transactionalId) {
    Map<String, Object> settings = client(bootstrapServers);
    settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
    settings.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, (int) TRANSACTION_TIMEOUT.toMillis());
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, CALL_TIMEOUT.toMillis());
    settings.put(
        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.dividedBy(2).toMillis());
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.toMillis());
    // The commit of a transaction sends what is there at once; until then there is more to come.
    settings.put(ProducerConfig.LINGER_MS_CONFIG, (int) LINGER.toMillis());
    settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    return settings;
  }

  /** Sees committed records only, and keeps its position itself: never in Kafka's offsets. */
  public static Map<String, Object> committedConsumer(String bootstrapServers) {
    Map<String, Object> settings = client(bootstrapServers);
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    settings.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.toMillis());
    settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    return settings;
  }

  /**
   * The same for one that follows a topic for long: closing it politely would take up to {@link
   * #FOLLOWING_WAIT}.
   */
  public static Map<String, Object> committedFollower(String bootstrapServers) {
    Map<String, Object> settings = committedConsumer(bootstrapServers);
    settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, (int) FOLLOWING_WAIT.toMillis());
    return settings;
  }

  /** For the administration of topics. */
  public static Map<String, Object> admin(String bootstrapServers) {
    Map<String, Object> settings = client(bootstrapServers);
    settings.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.toMillis());
    settings.put(
        CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.dividedBy(2).toMillis());
    return settings;
  }

  private static Map<String, Object> client(String bootstrapServers) {
    Map<String, Object> settings = new HashMap<>();
    settings.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    settings.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, RECONNECT_BACKOFF_MAX_MILLIS);
    // Nothing about these services leaves for the broker's telemetry.
    settings.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, false);
    return settings;
  }
}
