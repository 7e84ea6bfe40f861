package dev.caisson.broker;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.util.Properties;

/** The settings of a Kafka that is one process on one machine, with one copy of everything. */
final class BrokerSettings {

  static final int NODE_ID = 1;
  static final String CONTROLLER_LISTENER = "CONTROLLER";

  // A record is at most an event of 64 KiB, or the figures of a sandbox; both far below Kafka's own
  // default of 1 MiB.
  private static final int SMALL_TOPIC_PARTITIONS = 4;
  private static final int DEDUPE_BUFFER_BYTES = 4 << 20;

  private BrokerSettings() {}

  static Properties of(BrokerOptions options) throws IOException {
    Properties settings = new Properties();
    identity(settings, options);
    listeners(settings, options);
    oneCopy(settings);
    small(settings);
    if (options.settings().isPresent()) {
      try (Reader file = Files.newBufferedReader(options.settings().get())) {
        settings.load(file);
      }
    }
    return settings;
  }

  private static void identity(Properties settings, BrokerOptions options) {
    settings.setProperty("node.id", Integer.toString(NODE_ID));
    settings.setProperty("process.roles", "broker,controller");
    settings.setProperty("log.dirs", options.data().resolve("topics").toString());
    settings.setProperty(
        "controller.quorum.voters", NODE_ID + "@127.0.0.1:" + options.controllerPort());
  }

  private static void listeners(Properties settings, BrokerOptions options) {
    settings.setProperty(
        "listeners",
        "PLAINTEXT://" + options.address() + ",CONTROLLER://127.0.0.1:" + options.controllerPort());
    settings.setProperty("advertised.listeners", "PLAINTEXT://" + options.address());
    settings.setProperty("controller.listener.names", CONTROLLER_LISTENER);
    settings.setProperty(
        "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.setProperty("inter.broker.listener.name", "PLAINTEXT");
  }

  private static void oneCopy(Properties settings) {
    settings.setProperty("default.replication.factor", "1");
    settings.setProperty("min.insync.replicas", "1");
    settings.setProperty("offsets.topic.replication.factor", "1");
    settings.setProperty("transaction.state.log.replication.factor", "1");
    settings.setProperty("transaction.state.log.min.isr", "1");
    settings.setProperty("share.coordinator.state.topic.replication.factor", "1");
    settings.setProperty("share.coordinator.state.topic.min.isr", "1");
  }

  // Few clients, few partitions: threads, buffers and internal topics to match. A misspelt topic
  // must not appear by itself.
  private static void small(Properties settings) {
    settings.setProperty("auto.create.topics.enable", "false");
    settings.setProperty("offsets.topic.num.partitions", Integer.toString(SMALL_TOPIC_PARTITIONS));
    settings.setProperty(
        "transaction.state.log.num.partitions", Integer.toString(SMALL_TOPIC_PARTITIONS));
    settings.setProperty("num.network.threads", "2");
    settings.setProperty("num.io.threads", "2");
    settings.setProperty("background.threads", "2");
    settings.setProperty("log.cleaner.dedupe.buffer.size", Integer.toString(DEDUPE_BUFFER_BYTES));
    settings.setProperty("log.cleaner.io.buffer.size", Integer.toString(128 << 10));
    // After a crash its own registration must run out before it can register again; the default is
    // 9 s.
    settings.setProperty("broker.session.timeout.ms", "3000");
    settings.setProperty("broker.heartbeat.interval.ms", "1000");
    // Followers of the metadata are told by it that they are up to date, twice a second, each with
    // an fsync; here is none.
    settings.setProperty("metadata.max.idle.interval.ms", "0");
    // A group of one member need not wait for more.
    settings.setProperty("group.initial.rebalance.delay.ms", "0");
    // Ends transactions of a dead producer sooner than every 10 s, so that readers wait no longer
    // than they must.
    settings.setProperty("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
  }
}
