package dev.caisson.events;

import static java.util.function.Predicate.not;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * Settings of Kafka's clients from environment variables: {@code
 * CAISSON_KAFKA_PROPERTIES_SSL_TRUSTSTORE_LOCATION} is {@code ssl.truststore.location}, and with
 * {@code _FILE} at its end the file that holds the value.
 */
public final class ClientEnvironment {

  /** What they begin with as settings of a service. */
  public static final String SETTINGS = "caisson.kafka.properties.";

  private static final String VARIABLES = "CAISSON_KAFKA_PROPERTIES_";

  // The path of a file of properties, and no setting of a client.
  private static final String PATH = VARIABLES + "FILE";

  private static final String FILE = ".file";

  private static final Set<String> KNOWN =
      Stream.of(
              ProducerConfig.configNames(),
              ConsumerConfig.configNames(),
              AdminClientConfig.configNames())
          .flatMap(Set::stream)
          .collect(Collectors.toUnmodifiableSet());

  private ClientEnvironment() {}

  /** The names of those variables. */
  public static Set<String> variables(Map<String, String> environment) {
    return environment.keySet().stream()
        .filter(name -> name.startsWith(VARIABLES))
        .filter(not(PATH::equals))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** What they set, by the names of a service's settings. */
  public static Map<String, Object> settings(Map<String, String> environment) {
    Map<String, Object> settings = new TreeMap<>();
    for (String variable : variables(environment)) {
      settings.put(
          SETTINGS + name(variable.substring(VARIABLES.length())), environment.get(variable));
    }
    return settings;
  }

  /** Whether a client of Kafka has a setting of this name. */
  static boolean isKnown(String name) {
    return KNOWN.contains(name);
  }

  private static String name(String variable) {
    String name = variable.toLowerCase(Locale.ROOT).replace('_', '.');
    boolean ofFile = name.endsWith(FILE) && !isKnown(name);
    return ofFile ? name.substring(0, name.length() - FILE.length()) + "-file" : name;
  }
}
