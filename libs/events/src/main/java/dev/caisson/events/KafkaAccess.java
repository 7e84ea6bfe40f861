package dev.caisson.events;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;

/**
 * How a service reaches Kafka.
 *
 * @param clients settings of its clients
 * @param topics what it makes of the topics that it needs
 */
public record KafkaAccess(ClientSettings clients, TopicPreparation topics) {

  /** Access to a Kafka that asks for nothing but its address. */
  public static KafkaAccess of(String bootstrapServers, short replication) {
    return of(bootstrapServers, replication, Map.of(), Optional.empty());
  }

  /**
   * Access as the operator configures it.
   *
   * @param replication copies of topics that must be made; -1: the broker's default
   * @param own settings of clients
   * @param file more of them
   * @throws ClientPropertiesException with every problem at once
   */
  public static KafkaAccess of(
      String bootstrapServers, short replication, Map<String, String> own, Optional<Path> file) {
    return new KafkaAccess(
        ClientSettings.of(bootstrapServers, ClientProperties.of(own, file)),
        new TopicPreparation(replication));
  }

  /** Makes or checks some topics. */
  public void prepare(Topic... needed) {
    try (Admin admin = Admin.create(clients.admin())) {
      topics.prepare(admin, Set.of(needed));
    }
  }
}
