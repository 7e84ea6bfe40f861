package dev.caisson.events;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.network.ChannelBuilder;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;

/**
 * Settings of every client of the record's topics: bounds, then the operator's own, then what makes
 * exactly-once true. Immutable.
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

  /** What a producer holds at most; a transaction of the relay has about a sixteenth of it. */
  public static final long PRODUCER_BYTES = 32 << 20;

  private static final Pattern ADDRESSES =
      Pattern.compile("[^\\s,]+:\\d{1,5}(\\s*,\\s*[^\\s,]+:\\d{1,5})*");

  /** Of one partition, before it is sent without waiting for the transaction's end. */
  private static final int BATCH_BYTES = 256 * 1024;

  private static final Duration LINGER = Duration.ofMillis(100);

  private static final int RECONNECT_BACKOFF_MAX_MILLIS = 1_000;

  private final String bootstrapServers;
  private final Map<String, String> own;

  private ClientSettings(String bootstrapServers, Map<String, String> own) {
    this.bootstrapServers = bootstrapServers;
    this.own = own;
  }

  /** Settings of a Kafka that asks for nothing but its address. */
  public static ClientSettings of(String bootstrapServers) {
    return of(bootstrapServers, ClientProperties.NONE);
  }

  /**
   * Settings with the operator's own.
   *
   * @throws ClientPropertiesException when no client can be made of them, with every problem at
   *     once
   */
  public static ClientSettings of(String bootstrapServers, ClientProperties own) {
    ClientSettings settings = new ClientSettings(bootstrapServers, own.values());
    settings.requireUsable();
    return settings;
  }

  /** Fences any other producer with this id at initTransactions. */
  public Map<String, Object> transactionalProducer(String transactionalId) {
    Map<String, Object> settings = bounds();
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, CALL_TIMEOUT.toMillis());
    settings.put(
        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.dividedBy(2).toMillis());
    settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, PRODUCER_BYTES);
    settings.put(ProducerConfig.BATCH_SIZE_CONFIG, BATCH_BYTES);
    // The commit of a transaction sends what is there at once; until then there is more to come.
    settings.put(ProducerConfig.LINGER_MS_CONFIG, (int) LINGER.toMillis());
    settings.putAll(ownOf(ProducerConfig.configNames()));
    settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
    settings.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, (int) TRANSACTION_TIMEOUT.toMillis());
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, deliveryTimeout(settings));
    settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    return settings;
  }

  // A producer demands that it is no shorter than these together, which are the operator's.
  private static int deliveryTimeout(Map<String, Object> settings) {
    int together =
        number(settings, ProducerConfig.LINGER_MS_CONFIG)
            + number(settings, ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG);
    return Math.max(together, (int) CALL_TIMEOUT.toMillis());
  }

  // What is no number is found, and told, when the settings are checked.
  private static int number(Map<String, Object> settings, String name) {
    String value = String.valueOf(settings.get(name)).strip();
    return value.matches("\\d{1,8}") ? Integer.parseInt(value) : 0;
  }

  /** Sees committed records only, and keeps its position itself: never in Kafka's offsets. */
  public Map<String, Object> committedConsumer() {
    return consumer(Map.of());
  }

  /**
   * The same for one that follows a topic for long: closing it politely would take up to {@link
   * #FOLLOWING_WAIT}.
   */
  public Map<String, Object> committedFollower() {
    return consumer(
        Map.of(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, (int) FOLLOWING_WAIT.toMillis()));
  }

  /** For the administration of topics. */
  public Map<String, Object> admin() {
    Map<String, Object> settings = bounds();
    settings.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.toMillis());
    settings.put(
        CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.dividedBy(2).toMillis());
    settings.putAll(ownOf(AdminClientConfig.configNames()));
    return settings;
  }

  /** What Kafka Streams, which makes its clients itself, gives to each of them that knows it. */
  public Map<String, Object> ofStreams() {
    Map<String, Object> settings = bounds();
    settings.putAll(own);
    return settings;
  }

  private Map<String, Object> consumer(Map<String, Object> more) {
    Map<String, Object> settings = bounds();
    settings.putAll(more);
    settings.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.toMillis());
    settings.putAll(ownOf(ConsumerConfig.configNames()));
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    return settings;
  }

  private Map<String, Object> bounds() {
    Map<String, Object> settings = new HashMap<>();
    settings.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    settings.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, RECONNECT_BACKOFF_MAX_MILLIS);
    // Nothing about these services leaves for the broker's telemetry.
    settings.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, false);
    return settings;
  }

  // A name that no client knows is a plug-in's, and goes to all.
  private Map<String, Object> ownOf(Set<String> names) {
    Map<String, Object> some = new HashMap<>(own);
    some.keySet().removeIf(name -> !names.contains(name) && ClientEnvironment.isKnown(name));
    return some;
  }

  // Making a channel reads certificates, keys and logins, and connects to nobody: the addresses
  // need not be known yet.
  private void requireUsable() {
    List<String> problems = new ArrayList<>();
    if (!ADDRESSES.matcher(bootstrapServers).matches()) {
      problems.add("caisson.kafka.bootstrap-servers must be HOST:PORT[,…]: " + bootstrapServers);
    }
    check(() -> new ProducerConfig(transactionalProducer("check")), problems);
    check(() -> new ConsumerConfig(committedFollower()), problems);
    check(this::makeChannel, problems);
    if (!problems.isEmpty()) {
      throw new ClientPropertiesException(problems.stream().distinct().toList());
    }
  }

  private void makeChannel() {
    try (ChannelBuilder _ =
        ClientUtils.createChannelBuilder(
            new AdminClientConfig(admin()), Time.SYSTEM, new LogContext())) {
      return;
    }
  }

  private static void check(Runnable making, List<String> problems) {
    try {
      making.run();
    } catch (KafkaException | IllegalArgumentException e) {
      problems.add(words(e));
    }
  }

  // What Kafka says of a login names its parts, and so perhaps a password that is not quoted.
  private static String words(Throwable error) {
    List<String> messages = new ArrayList<>();
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      if (message.contains("JAAS")) {
        return "sasl.jaas.config must be: ‹class› required ‹name›=\"‹value›\" …;";
      }
      if (!messages.contains(message)) {
        messages.add(message);
      }
    }
    return String.join(": ", messages);
  }
}
