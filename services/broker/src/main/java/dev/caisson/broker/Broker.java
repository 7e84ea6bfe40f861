package dev.caisson.broker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;

/**
 * A Kafka of one process, for a machine that has none. Ends cleanly on SIGTERM. It authenticates
 * nobody unless its settings say so, and listens on loopback unless it is told otherwise.
 */
public final class Broker {

  private static final int USAGE_ERROR = 2;

  private Broker() {}

  public static void main(String[] args) throws IOException {
    BrokerOptions options;
    try {
      options = BrokerOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + System.lineSeparator() + BrokerOptions.USAGE);
      System.exit(USAGE_ERROR);
      return;
    }
    run(options);
  }

  private static void run(BrokerOptions options) throws IOException {
    Files.deleteIfExists(options.readyFile());
    Storage.prepare(options.data());
    KafkaRaftServer server =
        new KafkaRaftServer(KafkaConfig.fromProps(BrokerSettings.of(options), false), Time.SYSTEM);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, options), "broker-stop"));
    server.startup();
    announce(options);
    server.awaitShutdown();
  }

  // Renamed into place, so that whoever waits for the file never reads half of it.
  private static void announce(BrokerOptions options) throws IOException {
    Path written = options.readyFile().resolveSibling(options.readyFile().getFileName() + ".new");
    Files.writeString(written, options.address() + "\n");
    Files.move(written, options.readyFile(), StandardCopyOption.ATOMIC_MOVE);
    System.out.println("Broker ready at " + options.address());
  }

  private static void stop(KafkaRaftServer server, BrokerOptions options) {
    try {
      Files.deleteIfExists(options.readyFile());
    } catch (IOException e) {
      System.err.println("Failed to remove " + options.readyFile() + ": " + e.getMessage());
    }
    server.shutdown();
  }
}
