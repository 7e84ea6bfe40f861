package dev.caisson.gateway.relay;

import dev.caisson.events.KafkaAccess;
import dev.caisson.rpc.Channels;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A relay in a JVM of its own, so that it can be killed: in a transaction most of the time. */
final class RelayProcess {

  private RelayProcess() {}

  static Process start(Path journal, String kafka, Path log) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            RelayProcess.class.getName(),
            journal.toString(),
            kafka)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  static Relay relay(Path journal, String kafka) {
    return relay(journal, KafkaAccess.of(kafka, (short) 1), Batching.LINGER);
  }

  static Relay relay(Path journal, KafkaAccess access, Duration linger) {
    GrpcJournal source =
        new GrpcJournal(Channels.unix(journal), new Batching(linger, Batching.BYTES));
    RelayMetrics metrics = metrics(source);
    return Relay.start(new RelayOpening(access, source, metrics, Optional.empty()), metrics);
  }

  static RelayMetrics metrics(LagWatch.Source source) {
    Clock clock = Clock.systemUTC();
    return new RelayMetrics(new SimpleMeterRegistry(), clock, new LagWatch(source, clock));
  }

  public static void main(String[] args) throws InterruptedException {
    KafkaAccess access = KafkaAccess.of(args[1], (short) 1);
    try (Relay _ = relay(Path.of(args[0]), access, Duration.ZERO)) {
      new CountDownLatch(1).await();
    }
  }
}
