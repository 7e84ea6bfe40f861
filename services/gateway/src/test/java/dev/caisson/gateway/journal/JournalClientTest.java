package dev.caisson.gateway.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.gateway.FakeJournal;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.RpcErrors;
import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

@Timeout(60)
class JournalClientTest {
  private static final JournalBounds SMALL =
      new JournalBounds(2, Duration.ofMillis(100), 16, 1 << 20);
  private static final int FULL = 8 << 10;

  private final FakeJournal journal = new FakeJournal();
  private final List<Watcher> watchers = new ArrayList<>();
  @TempDir Path directory;
  private GrpcServer server;
  private ManagedChannel channel;
  private JournalClient client;

  @BeforeEach
  void serve() throws Exception {
    server = GrpcServer.unix(directory.resolve("j")).services(List.of(journal)).start();
    channel = Channels.unixNonBlocking(directory.resolve("j"));
    client = new JournalClient(channel, SMALL);
  }

  @AfterEach
  void stop() {
    watchers.forEach(Watcher::cancel);
    channel.shutdownNow();
    server.close();
  }

  @Test
  void givesOneWhoFellBehindAllInOrder() {
    append(10, 1);
    Watcher slow = watch(Cursor.BEGIN, true);
    Watcher quick = watch(Cursor.BEGIN, true);
    slow.request(10);
    quick.request(Long.MAX_VALUE);
    slow.awaitUpTo(10);
    quick.awaitUpTo(10);
    append(1_000, 1);
    quick.awaitUpTo(1_010);
    assertThat(slow.places).hasSize(10);
    slow.request(Long.MAX_VALUE);
    slow.awaitUpTo(1_010);
    append(5, 1);
    slow.awaitUpTo(1_015);
    quick.awaitUpTo(1_015);
    assertThat(journal.followers()).isEqualTo(1);
  }

  @Test
  void losesAndDoublesNothingWhileManyJoinAndOthersWrite() {
    Thread writing = Thread.ofPlatform().start(() -> append(2_000, 1));
    for (int i = 0; i < 50; i++) {
      watch(Cursor.BEGIN, true).request(Long.MAX_VALUE);
    }
    watchers.forEach(watcher -> watcher.awaitUpTo(2_000));
    assertThat(writing.isAlive()).isFalse();
    assertThat(journal.mostStreams()).isLessThanOrEqualTo(SMALL.pages() + 1);
  }

  @Test
  void beginsAtTheOldestThatIsKept() {
    append(10, 1);
    journal.dropBefore(6);
    Watcher watcher = watch(Cursor.BEGIN, false);
    watcher.request(Long.MAX_VALUE);
    watcher.awaitEnd();
    assertThat(watcher.places).containsExactly(6L, 7L, 8L, 9L, 10L);
    Watcher following = watch(Cursor.BEGIN, true);
    following.request(Long.MAX_VALUE);
    Awaitility.await().until(() -> following.places.size() == 5);

    Watcher late = watch(new Cursor(FakeJournal.EPOCH, 2), true);
    late.request(1);
    late.awaitEnd();
    assertThat(late.reason()).isEqualTo("INVALID_CURSOR");
  }

  @Test
  void holdsNoStreamForThoseWhoDoNotRead() {
    append(200, FULL);
    for (int i = 0; i < 20; i++) {
      watch(Cursor.BEGIN, true).request(1);
    }
    watchers.forEach(watcher -> Awaitility.await().until(() -> watcher.places.size() == 1));
    Awaitility.await().until(() -> journal.streams() == 0);
    assertThat(journal.mostStreams()).isLessThanOrEqualTo(SMALL.pages());

    watchers.getLast().request(Long.MAX_VALUE);
    watchers.getLast().awaitUpTo(200);
  }

  @Test
  void waitsUntilThereIsRoom() {
    append(10, 1);
    journal.makeRoom(0);
    Watcher watcher = watch(Cursor.BEGIN, true);
    watcher.request(Long.MAX_VALUE);
    Awaitility.await().until(() -> journal.refused() >= 3);
    journal.makeRoom(1);
    watcher.awaitUpTo(10);
    Awaitility.await().until(() -> journal.followers() == 1);
    append(1, 1);
    watcher.awaitUpTo(11);
  }

  @Test
  void givesWhatADiskThatFailedHasAndThenItsError() {
    append(100, 1);
    Watcher following = watch(Cursor.BEGIN, true);
    following.request(Long.MAX_VALUE);
    following.awaitUpTo(100);
    Awaitility.await().until(() -> journal.followers() == 1);
    journal.failDisk();
    following.awaitEnd();
    assertThat(following.reason()).isEqualTo("JOURNAL_CLOSED");
    Watcher whole = watch(Cursor.BEGIN, false);
    whole.request(Long.MAX_VALUE);
    whole.awaitEnd();
    assertThat(whole.places).hasSize(100);
  }

  @Test
  void goesOnWhenTheTailIsCut() {
    tenHaveRead(3);
    for (int round = 1; round <= 3; round++) {
      Awaitility.await().until(() -> journal.followers() == 1);
      journal.cutFollowers();
      append(5, 1);
      long end = 3 + 5L * round;
      watchers.forEach(watcher -> watcher.awaitUpTo(end));
    }
  }

  @Test
  void tellsEachItsOwnErrorWhenTheJournalIsGone() {
    tenHaveRead(3);
    Awaitility.await().until(() -> journal.followers() == 1);
    journal.shut();
    watchers.forEach(Watcher::awaitEnd);
    assertThat(watchers).extracting(Watcher::reason).containsOnly("JOURNAL_CLOSED");
    assertThat(watchers.stream().map(watcher -> watcher.failure).distinct()).hasSize(10);

    journal.reopen();
    Watcher again = watch(Cursor.BEGIN, true);
    again.request(Long.MAX_VALUE);
    again.awaitUpTo(3);
  }

  @Test
  void endsEachAtARecordThatIsNoEvent() {
    append(3, 1);
    Watcher one = watch(Cursor.BEGIN, true);
    Watcher other = watch(Cursor.BEGIN, true);
    watchers.forEach(watcher -> watcher.request(Long.MAX_VALUE));
    watchers.forEach(watcher -> watcher.awaitUpTo(3));
    journal.appendCorrupt();
    watchers.forEach(Watcher::awaitEnd);
    assertThat(one.failure).isInstanceOf(IllegalStateException.class).isNotSameAs(other.failure);

    append(3, 1);
    Watcher late = watch(Cursor.BEGIN, false);
    late.request(Long.MAX_VALUE);
    late.awaitEnd();
    assertThat(late.places).containsExactly(1L, 2L, 3L);
    assertThat(late.failure).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void followsNoMoreWhenTheLastOneLeaves() {
    append(3, 1);
    Watcher one = watch(Cursor.BEGIN, true);
    Watcher other = watch(Cursor.BEGIN, true);
    watchers.forEach(watcher -> watcher.request(Long.MAX_VALUE));
    watchers.forEach(watcher -> watcher.awaitUpTo(3));
    Awaitility.await().until(() -> journal.followers() == 1);
    one.cancel();
    append(1, 1);
    other.awaitUpTo(4);
    other.cancel();
    Awaitility.await().until(() -> journal.streams() == 0);
  }

  @Test
  void asksNothingWhileNothingHappens() {
    append(3, 1);
    Watcher one = watch(Cursor.BEGIN, true);
    one.request(Long.MAX_VALUE);
    one.awaitUpTo(3);
    Awaitility.await().until(() -> journal.followers() == 1);
    int opened = journal.opened();
    Awaitility.await().during(Duration.ofMillis(300)).until(() -> journal.opened() == opened);
  }

  private void tenHaveRead(int events) {
    append(events, 1);
    for (int i = 0; i < 10; i++) {
      watch(Cursor.BEGIN, true).request(Long.MAX_VALUE);
    }
    watchers.forEach(watcher -> watcher.awaitUpTo(events));
  }

  private void append(int events, int bytes) {
    Event event = Event.newBuilder().setId(ByteString.copyFrom(new byte[bytes])).build();
    for (int i = 0; i < events; i++) {
      journal.append(event);
    }
  }

  private Watcher watch(Cursor after, boolean follow) {
    Watcher watcher = new Watcher();
    watchers.add(watcher);
    client.events(after, follow).subscribe(watcher);
    return watcher;
  }

  /** Takes what the test asks for. */
  private static final class Watcher extends BaseSubscriber<JournalEvent> {
    private final List<Long> places = new CopyOnWriteArrayList<>();
    private volatile Throwable failure;
    private volatile boolean ended;

    void awaitUpTo(long seq) {
      Awaitility.await().until(() -> ended || (!places.isEmpty() && places.getLast() >= seq));
      assertThat(failure).isNull();
      assertThat(places).containsExactlyElementsOf(LongStream.rangeClosed(1, seq).boxed().toList());
    }

    void awaitEnd() {
      Awaitility.await().until(() -> ended);
    }

    String reason() {
      return RpcErrors.info(failure).orElseThrow().getReason();
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {}

    @Override
    protected void hookOnNext(JournalEvent event) {
      places.add(event.place().seq());
    }

    @Override
    protected void hookOnError(Throwable error) {
      failure = error;
      ended = true;
    }

    @Override
    protected void hookOnComplete() {
      ended = true;
    }
  }
}
