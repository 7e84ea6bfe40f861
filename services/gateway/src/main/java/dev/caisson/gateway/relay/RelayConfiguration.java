package dev.caisson.gateway.relay;

import dev.caisson.events.KafkaAccess;
import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.context.annotation.Requires;
import io.micronaut.core.bind.annotation.Bindable;
import io.micronaut.core.convert.format.MapFormat;
import io.micronaut.core.convert.format.MapFormat.MapTransformation;
import io.micronaut.core.naming.conventions.StringConvention;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Settings below {@code caisson.kafka}. Without an address nothing is relayed.
 *
 * @param bootstrapServers addresses, separated by commas
 * @param replication copies of topics that must be made; -1: the broker's default
 * @param linger how long records wait for others to share their transaction: {@link Batching}
 * @param propertiesFile settings of Kafka's clients, as a file of properties
 * @param properties settings of Kafka's clients, above those of the file
 */
@ConfigurationProperties("caisson.kafka")
@Requires(property = "caisson.kafka.bootstrap-servers")
record RelayConfiguration(
    String bootstrapServers,
    @Bindable(defaultValue = "-1") short replication,
    @Bindable(defaultValue = "200ms") Duration linger,
    Optional<Path> propertiesFile,
    @MapFormat(transformation = MapTransformation.FLAT, keyFormat = StringConvention.RAW)
        @Nullable Map<String, String> properties) {

  Batching batching() {
    return new Batching(linger, Batching.BYTES);
  }

  KafkaAccess access() {
    Map<String, String> own = properties == null ? Map.of() : properties;
    return KafkaAccess.of(bootstrapServers, replication, own, propertiesFile);
  }

  // There are secrets among the properties.
  @Override
  public String toString() {
    return "caisson.kafka at " + bootstrapServers;
  }
}
