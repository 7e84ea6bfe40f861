package dev.caisson.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Settings of Kafka's clients as a gateway, a process of its own, gets them from its environment.
 */
@Timeout(120)
class KafkaSettingsIT {

  private static final String SECRET = "geheimes-wort";

  @TempDir Path directory;

  @Test
  void refusesToStartAndNamesEveryProblemWithoutSecrets() throws Exception {
    Path file =
        Files.writeString(directory.resolve("kafka.properties"), "isolation.level=" + SECRET);
    Process gateway =
        start(
            Map.of(
                "CAISSON_KAFKA_BOOTSTRAP_SERVERS",
                "127.0.0.1:1",
                "CAISSON_KAFKA_PROPERTIES_FILE",
                file.toString(),
                "CAISSON_KAFKA_PROPERTIES_ACKS",
                SECRET,
                "CAISSON_KAFKA_PROPERTIES_SSL_KEY_PASSWORD_FILE",
                "/nowhere"));
    try {
      assertThat(gateway.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      gateway.destroyForcibly();
    }
    assertThat(gateway.exitValue()).isNotZero();
    assertThat(Files.readString(directory.resolve("log")))
        .contains("Settings of Kafka are refused:")
        .contains("acks cannot be set")
        .contains("isolation.level cannot be set")
        .contains("Failed to read ssl.key.password-file /nowhere")
        .doesNotContain(SECRET);
  }

  private Process start(Map<String, String> environment) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    GatewayFixture.settings(directory)
        .forEach((key, value) -> command.add("-D" + key + "=" + value));
    command.add("-Dcaisson.gateway.management-port=-1");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("dev.caisson.gateway.Gateway");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    return builder
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("log").toFile())
        .start();
  }
}
