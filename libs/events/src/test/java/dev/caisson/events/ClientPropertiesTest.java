package dev.caisson.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientPropertiesTest {

  private static final String SECRET = "geheimes-wort";

  @TempDir private Path directory;

  @Test
  void readsAFileOfPropertiesAndWhatIsGivenBesideIt() throws IOException {
    Path file = file("client.properties", "security.protocol=SASL_SSL\nfetch.min.bytes=2\n");
    ClientProperties properties =
        ClientProperties.of(Map.of("fetch.min.bytes", "3"), Optional.of(file));
    assertThat(properties.values())
        .containsOnly(
            Map.entry("security.protocol", "SASL_SSL"), Map.entry("fetch.min.bytes", "3"));
  }

  @Test
  void readsASecretFromItsFileWithoutTheLinesEnd() throws IOException {
    Path file = file("password", SECRET + "\n");
    ClientProperties properties = given("ssl.truststore.password-file", file.toString());
    assertThat(properties.values()).containsOnly(Map.entry("ssl.truststore.password", SECRET));
    assertThat(properties).hasToString("[ssl.truststore.password]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "acks",
        "enable.idempotence",
        "transactional.id",
        "isolation.level",
        "processing.guarantee",
        "partitioner.class",
        "interceptor.classes",
        "group.id",
        "bootstrap.servers",
        "producer.acks",
        "main.consumer.isolation.level"
      })
  void refusesWhatThePromisesRestOn(String name) {
    assertThatThrownBy(() -> given(name, SECRET))
        .isInstanceOf(ClientPropertiesException.class)
        .hasMessageContaining(name + " ")
        .hasMessageNotContaining(SECRET);
  }

  @Test
  void tellsEveryProblemAtOnce() throws IOException {
    Path file = file("client.properties", "acks=1\nssl.key.password-file=/nowhere\n");
    assertThatThrownBy(
            () -> ClientProperties.of(Map.of("compression.type", "zstd"), Optional.of(file)))
        .hasMessage(
            "Settings of Kafka are refused:"
                + " Failed to read ssl.key.password-file /nowhere: NoSuchFileException;"
                + " acks cannot be set: each record once, in Kafka and in the trail, rests on it;"
                + " compression.type must be none or gzip: zstd needs native code");
  }

  @Test
  void readsFilesUpToItsBound() throws IOException {
    Path most = file("most", "x".repeat((int) ClientProperties.MAX_FILE_BYTES));
    assertThat(given("sasl.jaas.config-file", most.toString()).values()).hasSize(1);
    Path more = file("more", "x".repeat((int) ClientProperties.MAX_FILE_BYTES + 1));
    assertThatThrownBy(() -> given("sasl.jaas.config-file", more.toString()))
        .hasMessageContaining("Failed to read sasl.jaas.config-file");
  }

  @Test
  void letsKafkaReadSecretsFromFilesAndFromNothingElse() throws IOException {
    String providers = "org.apache.kafka.common.config.provider.";
    Path secrets = file("secrets", "key=" + SECRET + "\n");
    ClientProperties files =
        ClientProperties.of(
            Map.of(
                "config.providers", "file",
                "config.providers.file.class", providers + "FileConfigProvider",
                "sasl.kerberos.service.name", "${file:" + secrets + ":key}"),
            Optional.empty());
    assertThat(ClientSettings.of("h:1", files).admin()).containsEntry("config.providers", "file");
    assertThatThrownBy(
            () -> given("config.providers.env.class", providers + "EnvVarConfigProvider"))
        .hasMessageContaining("config.providers.env.class must be one of");
  }

  @Test
  void takesVariablesOfTheEnvironment() {
    Map<String, String> environment =
        Map.of(
            "CAISSON_KAFKA_PROPERTIES_SECURITY_PROTOCOL", "SSL",
            "CAISSON_KAFKA_PROPERTIES_SSL_KEY_PASSWORD_FILE", "/run/secrets/key",
            "CAISSON_KAFKA_PROPERTIES_SASL_OAUTHBEARER_ASSERTION_FILE", "/run/assertion",
            "CAISSON_KAFKA_PROPERTIES_FILE", "/etc/caisson/kafka.properties",
            "HOME", "/root");
    assertThat(ClientEnvironment.settings(environment))
        .containsOnly(
            Map.entry("caisson.kafka.properties.security.protocol", "SSL"),
            Map.entry("caisson.kafka.properties.ssl.key.password-file", "/run/secrets/key"),
            Map.entry(
                "caisson.kafka.properties.sasl.oauthbearer.assertion.file", "/run/assertion"));
    assertThat(ClientEnvironment.variables(environment)).hasSize(3);
  }

  @Test
  void keepsItsOwnSettingsAboveTheOperators() {
    ClientSettings settings =
        ClientSettings.of("h:1", given("fetch.max.wait.ms", "77", "client.id", "caisson"));
    assertThat(settings.committedFollower())
        .containsEntry("fetch.max.wait.ms", "77")
        .containsEntry("isolation.level", "read_committed");
    assertThat(settings.transactionalProducer("t"))
        .containsEntry("client.id", "caisson")
        .containsEntry("acks", "all")
        .containsEntry("enable.idempotence", true)
        .doesNotContainKey("fetch.max.wait.ms");
    assertThat(settings.ofStreams()).containsEntry("fetch.max.wait.ms", "77");
  }

  @Test
  void givesAProducerTheTimeThatTheOperatorsTimeoutsNeed() {
    ClientSettings usual = ClientSettings.of("h:1");
    assertThat(usual.transactionalProducer("t")).containsEntry("delivery.timeout.ms", 10_000);
    ClientSettings patient =
        ClientSettings.of("127.0.0.1:1", given("request.timeout.ms", "30000", "linger.ms", "5"));
    assertThat(patient.transactionalProducer("t")).containsEntry("delivery.timeout.ms", 30_005);
    new KafkaProducer<byte[], byte[]>(patient.transactionalProducer("t")).close(Duration.ZERO);
  }

  @Test
  void refusesAtStartWhatNoClientCanBeMadeOf() throws IOException {
    Path store = file("store", "no store at all");
    ClientProperties properties =
        given(
            "security.protocol",
            "SSL",
            "ssl.truststore.location",
            store.toString(),
            "ssl.truststore.password",
            SECRET,
            "fetch.min.bytes",
            "many");
    assertThatThrownBy(() -> ClientSettings.of("h:1", properties))
        .isInstanceOf(ClientPropertiesException.class)
        .hasMessageContaining("Invalid value many for configuration fetch.min.bytes")
        .hasMessageContaining("Failed to load SSL keystore " + store)
        .hasMessageNotContaining(SECRET);
    assertThatThrownBy(() -> ClientSettings.of("no address", ClientProperties.NONE))
        .hasMessageContaining("caisson.kafka.bootstrap-servers must be HOST:PORT[,…]: no address");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "org.example.Module username=a password=\"" + SECRET + "\";",
        "org.example.Module required username=a password=b " + SECRET + ";",
        "org.example.Module required password=" + SECRET
      })
  void keepsPasswordsOutOfWhatItSaysOfALogin(String login) {
    ClientProperties properties =
        given(
            "security.protocol", "SASL_PLAINTEXT",
            "sasl.mechanism", "PLAIN",
            "sasl.jaas.config", login);
    Throwable refusal = catchThrowable(() -> ClientSettings.of("h:1", properties));
    assertThat(refusal)
        .hasMessageContaining("sasl.jaas.config must be: ‹class› required")
        .hasMessageNotContaining(SECRET)
        .hasNoCause();
  }

  private static ClientProperties given(String... namesAndValues) {
    Map<String, String> given = new TreeMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      given.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return ClientProperties.of(given, Optional.empty());
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content);
  }
}
