package dev.caisson.gateway.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.backing.Broker;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Topic;
import dev.caisson.rpc.GrpcServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A broker that takes nothing for a while, and a journal with much more than fits into memory. */
@Timeout(180)
class BackPressureIT {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** Of 1 MiB each. */
  private static final int MESSAGES = 64;

  /** What docs/kafka.md says that one stream of the relay holds. */
  private static final long BOUND = 6L << 20;

  @TempDir Path directory;

  @Test
  void holdsNoMoreThanItsBoundWhileTheBrokerTakesNothing() throws Exception {
    EndlessJournal journal = new EndlessJournal(MESSAGES);
    Path socket = directory.resolve("j");
    try (Broker broker = Broker.at(directory.resolve("broker"));
        GrpcServer _ = GrpcServer.unix(socket).services(List.of(journal)).start()) {
      broker.start();
      KafkaAccess.of(broker.address(), (short) 1).prepare(Topic.values());
      try (Relay relay = RelayProcess.relay(socket, broker.address())) {
        Awaitility.await().atMost(PATIENCE).until(() -> journal.acknowledged() > 0);
        broker.suspend();
        Awaitility.await().atMost(PATIENCE).until(() -> relay.trouble().isPresent());
        assertThat(journal.mostHeld()).isPositive().isLessThanOrEqualTo(BOUND);
        broker.resume();
        Awaitility.await().atMost(PATIENCE).until(() -> journal.acknowledged() == journal.last());
      }
      assertThat(journal.mostHeld()).isLessThanOrEqualTo(BOUND);
      assertThat(new Committed(ClientSettings.of(broker.address())).positions())
          .hasSize((int) journal.last())
          .doesNotHaveDuplicates();
    }
  }
}
