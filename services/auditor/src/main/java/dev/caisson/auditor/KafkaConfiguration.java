package dev.caisson.auditor;

import dev.caisson.events.KafkaAccess;
import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.convert.format.MapFormat;
import io.micronaut.core.convert.format.MapFormat.MapTransformation;
import io.micronaut.core.naming.conventions.StringConvention;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which Kafka.
 *
 * @param bootstrapServers addresses, separated by commas
 * @param replication copies of topics that must be made; -1: the broker's default
 * @param propertiesFile settings of Kafka's clients, as a file of properties
 * @param properties settings of Kafka's clients, above those of the file
 */
@ConfigurationProperties("caisson.kafka")
record KafkaConfiguration(
    String bootstrapServers,
    short replication,
    Optional<Path> propertiesFile,
    @MapFormat(transformation = MapTransformation.FLAT, keyFormat = StringConvention.RAW)
        @Nullable Map<String, String> properties) {

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
