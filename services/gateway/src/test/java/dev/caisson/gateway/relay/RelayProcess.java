package dev.caisson.gateway.relay;

import dev.caisson.rpc.Channels;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;

/** A relay in a JVM of its own, so that it can be killed. */
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
    RelayMetrics metrics = new RelayMetrics(new SimpleMeterRegistry(), Clock.systemUTC());
    RelayConfiguration configuration = new RelayConfiguration(kafka, (short) 1, Batching.LINGER);
    GrpcJournal source = new GrpcJournal(Channels.unix(journal), configuration.batching());
    return Relay.start(new RelayOpening(configuration, source, metrics), metrics);
  }

  public static void main(String[] args) throws InterruptedException {
    try (Relay _ = relay(Path.of(args[0]), args[1])) {
      new CountDownLatch(1).await();
    }
  }
}
