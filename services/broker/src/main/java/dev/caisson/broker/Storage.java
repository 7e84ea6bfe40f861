package dev.caisson.broker;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Feature;

/** The broker's directory, in the form that Kafka asks for. */
final class Storage {

  private Storage() {}

  /** Formats the directory when it is new; leaves it alone otherwise. */
  static void prepare(Path data) throws IOException {
    Path topics = Files.createDirectories(data.resolve("topics"));
    if (!Files.exists(topics.resolve("meta.properties"))) {
      format(topics);
    }
  }

  private static void format(Path topics) throws IOException {
    try (PrintStream silent = new PrintStream(OutputStream.nullOutputStream(), false, UTF_8)) {
      new Formatter()
          .setPrintStream(silent)
          .setSupportedFeatures(Feature.PRODUCTION_FEATURES)
          .setNodeId(BrokerSettings.NODE_ID)
          .setClusterId(Uuid.randomUuid().toString())
          .setControllerListenerName(BrokerSettings.CONTROLLER_LISTENER)
          .setDirectories(List.of(topics.toString()))
          .setMetadataLogDirectory(topics.toString())
          .run();
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("Failed to format " + topics + ": " + e.getMessage(), e);
    }
  }
}
