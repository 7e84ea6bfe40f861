package dev.caisson.record;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.NodeVerification;
import dev.caisson.proto.audit.v1.VerifyTrailRequest;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * While a journal is written, the gateway, the broker and two auditors on one PostgreSQL are
 * killed, each once and then at random, again and again. The trail has every record then, each
 * once, and verifies. Few events in a build, and as many as are asked for: {@code caisson verify
 * --record N}.
 */
class HonestRunIT {

  private static final long EVENTS = Long.getLong("caisson.record.events", 5_000);
  private static final long SECONDS = Long.getLong("caisson.record.seconds", 15);
  private static final long SEED = Long.getLong("caisson.record.seed", System.nanoTime());

  private static final Duration PATIENCE = Duration.ofSeconds(180 + EVENTS / 200);
  private static final int AUDITORS = 2;
  private static final int SHORTEST_LIFE_MILLIS = 500;
  private static final int LONGEST_LIFE_MILLIS = 4_000;

  @TempDir Path directory;

  private final Random random = new Random(SEED);
  private RecordPath path;

  @BeforeEach
  void start() throws Exception {
    path = new RecordPath(directory, AUDITORS, EVENTS, SECONDS);
    path.journal().start();
  }

  @AfterEach
  void stop() throws Exception {
    if (path != null) {
      path.close();
    }
  }

  @Test
  void losesNothingAndKeepsNothingTwice() throws Exception {
    System.out.println("record: seed " + SEED);
    Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(path.key()));
    Files.copy(path.key(), path.nodes().resolve(RecordPath.NODE + ".pem"));
    Instant began = Instant.now();
    Deque<ServiceJvm> inTurn = new ArrayDeque<>(path.services());
    while (!Files.exists(path.done()) || !inTurn.isEmpty()) {
      assertThat(path.journal().isAlive()).as(Files.readString(path.journal().log())).isTrue();
      TimeUnit.MILLISECONDS.sleep(random.nextInt(SHORTEST_LIFE_MILLIS, LONGEST_LIFE_MILLIS));
      kill(inTurn.isEmpty() ? anyOne() : inTurn.remove());
    }
    long written = Long.parseLong(Files.readString(path.done()));
    Instant ended = Instant.now();
    NodeVerification verification = awaitVerified(written);
    path.services()
        .forEach(service ->
            System.out.printf("record: %s killed %d times%n", service.name(), service.kills()));
    System.out.printf(
        "record: %d events in %d s, and %d s more until all were verified%n",
        written,
        Duration.between(began, ended).toSeconds(),
        Duration.between(ended, Instant.now()).toSeconds());
    assertThat(path.services()).allMatch(service -> service.kills() > 0);
    assertThat(verification.getFirstSeq()).isEqualTo(1);
    assertThat(verification.getSignaturesChecked()).isTrue();
    assertThat(verification.getCheckpoints()).isPositive();
    assertThat(verification.getOpenIntents()).isZero();
    assertThat(path.number("SELECT count(*) FROM trail"))
        .isEqualTo(path.number("SELECT max(seq) FROM trail"));
    assertThat(path.number("SELECT count(DISTINCT seq) FROM trail"))
        .isEqualTo(path.number("SELECT max(seq) FROM trail"));
    assertThat(path.number("SELECT count(*) FROM trail_aside")).isZero();
  }

  private ServiceJvm anyOne() {
    return path.services().get(random.nextInt(path.services().size()));
  }

  private static void kill(ServiceJvm service) throws Exception {
    if (service.isAlive()) {
      service.kill();
    }
    service.start();
  }

  // The one that is asked is the one that waits for the others.
  private NodeVerification awaitVerified(long written) throws Exception {
    for (ServiceJvm service : path.services()) {
      if (!service.isAlive()) {
        service.start();
      }
    }
    ManagedChannel channel = Channels.unix(Path.of(path.socket("auditor-0")));
    try {
      AuditGrpc.AuditBlockingStub audit = AuditGrpc.newBlockingStub(channel);
      NodeVerification[] last = {NodeVerification.getDefaultInstance()};
      Awaitility.await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofSeconds(1))
          .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
          .untilAsserted(() -> {
            last[0] = verify(audit);
            assertThat(last[0].getRecords()).as("%s", last[0]).isGreaterThanOrEqualTo(written);
            assertThat(last[0].getOk()).as("%s", last[0]).isTrue();
          });
      return last[0];
    } finally {
      channel.shutdownNow();
    }
  }

  private static NodeVerification verify(AuditGrpc.AuditBlockingStub audit) {
    return audit
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
        .verifyTrail(VerifyTrailRequest.newBuilder().setNode(RecordPath.NODE).build())
        .getNodes(0);
  }
}
