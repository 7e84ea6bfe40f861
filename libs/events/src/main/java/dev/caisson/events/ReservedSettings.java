package dev.caisson.events;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Settings of clients that are not the operator's: what the record promises rests on them. */
final class ReservedSettings {

  private static final String ONCE = "each record once, in Kafka and in the trail, rests on it";
  private static final String ORDER = "the order of each sandbox's records rests on it";
  private static final String BYTES = "values must stay the bytes that were journalled";
  private static final String OWN = "the services set it themselves";

  private static final Map<String, String> REASONS = reasons();

  // What Kafka Streams would give to some of its clients only.
  private static final List<String> PREFIXES =
      List.of(
          "producer.",
          "consumer.",
          "main.consumer.",
          "restore.consumer.",
          "global.consumer.",
          "admin.",
          "topic.");

  /** Codecs that need native code, which no JVM of these services may load. */
  private static final Set<String> NATIVE_CODECS = Set.of("snappy", "lz4", "zstd");

  private static final String PROVIDERS = "org.apache.kafka.common.config.provider.";
  private static final Set<String> FILE_PROVIDERS =
      Set.of(PROVIDERS + "FileConfigProvider", PROVIDERS + "DirectoryConfigProvider");

  private ReservedSettings() {}

  /** Why a setting cannot be had, as a sentence; empty: it can. */
  static Optional<String> problem(String name, String value) {
    if (REASONS.containsKey(name)) {
      return Optional.of(name + " cannot be set: " + REASONS.get(name));
    }
    if (PREFIXES.stream().anyMatch(name::startsWith)) {
      return Optional.of(name + " must be named without a prefix: all clients get the same");
    }
    return notSafe(name, value);
  }

  private static Optional<String> notSafe(String name, String value) {
    if (name.equals("compression.type") && NATIVE_CODECS.contains(value)) {
      return Optional.of("compression.type must be none or gzip: " + value + " needs native code");
    }
    boolean provider = name.startsWith("config.providers.") && name.endsWith(".class");
    if (provider && !FILE_PROVIDERS.contains(value)) {
      return Optional.of(name + " must be one of " + PROVIDERS + "{File,Directory}ConfigProvider");
    }
    return Optional.empty();
  }

  private static Map<String, String> reasons() {
    Map<String, String> reasons = new LinkedHashMap<>();
    Stream.of(
            "acks",
            "enable.idempotence",
            "transactional.id",
            "transaction.timeout.ms",
            "transaction.two.phase.commit.enable",
            "max.in.flight.requests.per.connection",
            "retries",
            "delivery.timeout.ms",
            "isolation.level",
            "enable.auto.commit",
            "auto.offset.reset",
            "processing.guarantee")
        .forEach(name -> reasons.put(name, ONCE));
    Stream.of("partitioner.class", "partitioner.ignore.keys")
        .forEach(name -> reasons.put(name, ORDER));
    Stream.of(
            "interceptor.classes",
            "key.serializer",
            "value.serializer",
            "key.deserializer",
            "value.deserializer")
        .forEach(name -> reasons.put(name, BYTES));
    Stream.of(
            "group.id",
            "group.instance.id",
            "group.protocol",
            "allow.auto.create.topics",
            "application.id",
            "state.dir",
            "num.stream.threads",
            "num.standby.replicas",
            "commit.interval.ms",
            "replication.factor",
            "default.client.supplier",
            "processor.wrapper.class",
            "deserialization.exception.handler",
            "processing.exception.handler",
            "production.exception.handler",
            "default.deserialization.exception.handler",
            "default.production.exception.handler")
        .forEach(name -> reasons.put(name, OWN));
    reasons.put("bootstrap.servers", "the addresses are caisson.kafka.bootstrap-servers");
    return Map.copyOf(reasons);
  }
}
