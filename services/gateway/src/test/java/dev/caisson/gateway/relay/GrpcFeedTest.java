package dev.caisson.gateway.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.journal.v1.AcknowledgeRequest;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.GrpcServer;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The limit is below the time that a feed lingers here: who waits for it fails. */
@Timeout(4)
class GrpcFeedTest {

  private static final Duration LONG = Batching.MAX_LINGER;

  private static final long MANY = 1_000_000;

  @TempDir private Path directory;
  private final ServedJournal journal = new ServedJournal();
  private GrpcServer server;
  private ManagedChannel channel;

  @BeforeEach
  void serve() throws IOException {
    Path socket = directory.resolve("j");
    server = GrpcServer.unix(socket).services(List.of(journal)).grace(Duration.ZERO).start();
    channel = Channels.unix(socket);
    connect();
  }

  /** The first call takes the longer, and what is measured is none. */
  private void connect() {
    var _ =
        JournalGrpc.newBlockingStub(channel)
            .withDeadlineAfter(Channels.DEADLINE)
            .acknowledge(AcknowledgeRequest.getDefaultInstance());
  }

  @AfterEach
  void stop() throws InterruptedException {
    channel.shutdownNow();
    assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    server.close();
  }

  @Test
  void collectsTheRecordsOfManyMessages() throws Exception {
    journal.append(5);
    try (GrpcFeed feed = feed(new Batching(LONG, journal.bytes()))) {
      assertThat(seqs(feed.take(LONG))).containsExactly(1L, 2L, 3L, 4L, 5L);
    }
  }

  @Test
  void waitsForWhatComesAfterTheFirst() throws Exception {
    journal.append(1);
    try (GrpcFeed feed = feed(new Batching(LONG, 3 * journal.bytes()))) {
      CompletableFuture<List<Arrival>> taken = CompletableFuture.supplyAsync(() -> takeFrom(feed));
      journal.append(1);
      journal.append(1);
      assertThat(seqs(taken.get())).containsExactly(1L, 2L, 3L);
    }
  }

  @Test
  void goesAtOnceWhenItIsFull() throws Exception {
    journal.append(3);
    long full = journal.bytes();
    journal.append(4);
    try (GrpcFeed feed = feed(new Batching(LONG, full))) {
      assertThat(seqs(feed.take(LONG))).containsExactly(1L, 2L, 3L);
      assertThat(seqs(feed.take(LONG))).containsExactly(4L, 5L, 6L);
    }
  }

  @Test
  void goesWithTheFirstWhereItDoesNotLinger() throws Exception {
    journal.append(1);
    try (GrpcFeed feed = feed(new Batching(Duration.ZERO, MANY))) {
      assertThat(seqs(feed.take(LONG))).containsExactly(1L);
    }
  }

  @Test
  void waitsNoLongerWhenItIsWoken() throws Exception {
    journal.append(1);
    try (GrpcFeed feed = feed(new Batching(LONG, MANY))) {
      CompletableFuture<List<Arrival>> taken = CompletableFuture.supplyAsync(() -> takeFrom(feed));
      journal.awaitFollower();
      feed.wake();
      feed.wake();
      assertThat(taken.get().size() + feed.take(Duration.ZERO).size()).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void givesWhatCameBeforeAnEndAndThenTheEnd() throws Exception {
    journal.append(2);
    try (GrpcFeed feed = feed(new Batching(LONG, MANY))) {
      journal.awaitFollower();
      journal.disconnect();
      assertThat(seqs(feed.take(LONG))).containsExactly(1L, 2L);
      assertThatThrownBy(() -> feed.take(LONG)).isInstanceOf(StatusRuntimeException.class);
    }
  }

  @Test
  void lingersWithinItsBound() {
    assertThatThrownBy(() -> new Batching(Batching.MAX_LINGER.plusMillis(1), 1))
        .hasMessage("caisson.kafka.linger must be from 0 to 5000 ms: PT5.001S");
    assertThatThrownBy(() -> new Batching(Duration.ofMillis(-1), 1))
        .hasMessageContaining("must be from 0");
    assertThatThrownBy(() -> new Batching(Duration.ZERO, 0)).hasMessageContaining("positive");
  }

  private GrpcFeed feed(Batching batching) {
    return new GrpcFeed(channel, Progress.NONE, batching);
  }

  private static List<Arrival> takeFrom(GrpcFeed feed) {
    try {
      return feed.take(LONG);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Long> seqs(List<Arrival> arrivals) {
    return arrivals.stream()
        .flatMap(arrival ->
            switch (arrival) {
              case Arrival.Events(List<Record> records) -> records.stream();
              case Arrival.Samples _ -> throw new AssertionError("no samples were there");
            })
        .map(record -> record.getPosition().getSeq())
        .toList();
  }
}
