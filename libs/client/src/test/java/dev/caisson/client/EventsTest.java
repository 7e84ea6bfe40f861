package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchEventsResponse;
import dev.caisson.rpc.GrpcServer;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;

/** Watches that are cut off: each event once, in order. */
@Timeout(60)
class EventsTest {
  private static final String PARENT = "tenants/t";

  @TempDir private Path directory;
  private final FakeEvents journal = new FakeEvents();
  private final List<CaissonException> cuts = new CopyOnWriteArrayList<>();
  private GrpcServer server;
  private Caisson client;

  @BeforeEach
  void serve() throws IOException {
    server = started();
    client = client(Caisson.PATIENCE);
  }

  private Caisson client(Duration patience) {
    return Caisson.builder().socket(socket()).patience(patience).whenCutOff(cuts::add).build();
  }

  private GrpcServer started() throws IOException {
    return GrpcServer.unix(socket())
        .services(List.of(journal))
        .interceptors(List.of(journal.telling()))
        .grace(Duration.ZERO)
        .start();
  }

  private Path socket() {
    return directory.resolve("s");
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  private List<Long> watched(String cursor) {
    return client.events().watch(PARENT, cursor).map(EventsTest::number).collectList().block();
  }

  private static long number(WatchEventsResponse answer) {
    return answer.getEvent().getSeq();
  }

  private static List<Long> numbers(long first) {
    return LongStream.rangeClosed(first, FakeEvents.TOTAL).boxed().toList();
  }

  @Test
  void goesOnAfterTheLastEventThatWasGiven() {
    journal.ends.addAll(List.of(FakeEvents.away(10), FakeEvents.away(0), FakeEvents.away(25)));
    assertThat(watched(Events.BEGIN)).isEqualTo(numbers(1));
    assertThat(journal.cursors).containsExactly("begin", "1.10", "1.10", "1.35");
    assertThat(cuts).hasSize(2).allMatch(cut -> cut.reason().equals("EXECUTOR_UNAVAILABLE"));
  }

  @Test
  void goesOnAfterABookmarkAndGivesNone() {
    journal.others = 20;
    journal.ends.add(FakeEvents.away(10));
    assertThat(watched(Events.BEGIN)).isEqualTo(numbers(21));
    assertThat(journal.cursors).containsExactly("begin", "1.10");
  }

  @Test
  void givesBookmarksToThoseWhoAskForThem() {
    journal.others = 3;
    WatchEventsRequest request =
        WatchEventsRequest.newBuilder().setParent(PARENT).setBookmarks(true).build();
    assertThat(client.events().watch(request).take(4).collectList().block())
        .extracting(WatchEventsResponse::hasEvent)
        .containsExactly(false, false, false, true);
  }

  @Test
  void beginsAfterTheCursorOfAnEarlierOne() {
    assertThat(watched("1.150")).isEqualTo(numbers(151));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void givesEachEventOnceWhereverItIsCut(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 5; i++) {
      journal.ends.add(FakeEvents.away(random.nextInt(FakeEvents.TOTAL / 4)));
    }
    assertThat(watched(Events.BEGIN)).isEqualTo(numbers(1));
  }

  @Test
  void givesEachEventOnceToOneWhoTakesThemOneByOneWhileTheServerIsKilled() throws Exception {
    OneByOne taker = new OneByOne();
    client.events().watch(PARENT, Events.BEGIN).subscribe(taker);
    List<Long> all = new ArrayList<>();
    while (all.size() < FakeEvents.TOTAL) {
      if (all.size() % 50 == 20) {
        server.close();
        server = started();
      }
      all.add(taker.next());
    }
    taker.ended.join();
    assertThat(all).isEqualTo(numbers(1));
    assertThat(cuts).hasSizeGreaterThanOrEqualTo(3);
  }

  private static final class OneByOne extends BaseSubscriber<WatchEventsResponse> {
    private final BlockingQueue<Long> given = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    @Override
    protected void hookOnSubscribe(Subscription subscription) {}

    long next() throws InterruptedException {
      request(1);
      return given.take();
    }

    @Override
    protected void hookOnNext(WatchEventsResponse answer) {
      given.add(number(answer));
    }

    @Override
    protected void hookOnComplete() {
      ended.complete(null);
    }

    @Override
    protected void hookOnError(Throwable failure) {
      ended.completeExceptionally(failure);
      given.add(-1L);
    }
  }

  @Test
  void endsWhenTheClientIsClosed() throws Exception {
    OneByOne taker = new OneByOne();
    client.events().watch(PARENT, Events.BEGIN).subscribe(taker);
    assertThat(taker.next()).isEqualTo(1);
    client.close();
    assertThatThrownBy(taker.ended::join).hasCauseInstanceOf(CaissonException.class);
    assertThat(cuts).isEmpty();
  }

  @Test
  void goesOnFromWhereTheServiceSaidThatNowWas() {
    journal.told = "1.30";
    journal.ends.add(FakeEvents.away(0));
    assertThat(watched("")).isEqualTo(numbers(31));
    assertThat(journal.cursors).containsExactly("", "1.30");
  }

  @Test
  void failsRatherThanLosesWhatComesBeforeThereIsACursor() {
    journal.ends.add(FakeEvents.away(0));
    assertThat(failure("").reason()).isEqualTo("EXECUTOR_UNAVAILABLE");
    assertThat(journal.cursors).hasSize(1);
  }

  private CaissonException failure(String cursor) {
    return catchThrowableOfType(CaissonException.class, () -> watched(cursor));
  }

  @Test
  void passesOnWhatIsNoOutage() {
    journal.ends.add(
        new FakeEvents.End(5, FakeEvents.failure(Status.Code.OUT_OF_RANGE, "INVALID_CURSOR")));
    assertThat(failure(Events.BEGIN).code()).isEqualTo(Status.Code.OUT_OF_RANGE);
    assertThat(journal.cursors).hasSize(1);
  }

  @Test
  void failsAtOnceWhereNothingListens() throws IOException {
    server.close();
    CaissonException failure = failure(Events.BEGIN);
    server = started();
    assertThat(failure.code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(failure.isUnreached()).isTrue();
    assertThat(cuts).isEmpty();
  }

  @Test
  void losesItsPatienceWithAServiceThatStaysAway() {
    client.close();
    client = client(Duration.ofMillis(300));
    journal.ends.add(FakeEvents.away(10));
    for (int i = 0; i < 100; i++) {
      journal.ends.add(FakeEvents.away(0));
    }
    List<Long> until = new ArrayList<>();
    assertThatThrownBy(() ->
            client
                .events()
                .watch(PARENT, Events.BEGIN)
                .doOnNext(answer -> until.add(number(answer)))
                .blockLast())
        .isInstanceOf(CaissonException.class);
    assertThat(until).hasSize(10);
    assertThat(journal.cursors).hasSizeGreaterThan(1);
  }

  @Test
  void triesNeverAgainWithoutPatience() {
    client.close();
    client = client(Duration.ZERO);
    journal.ends.add(FakeEvents.away(10));
    assertThat(failure(Events.BEGIN).reason()).isEqualTo("EXECUTOR_UNAVAILABLE");
    assertThat(journal.cursors).hasSize(1);
  }

  @Test
  void endsAsAWholeByItsDeadline() {
    for (int i = 0; i < 1000; i++) {
      journal.ends.add(FakeEvents.away(0));
    }
    Caisson hasty = client.withDeadline(Duration.ofMillis(400));
    assertThatThrownBy(() -> hasty.events().watch(PARENT, Events.BEGIN).blockLast())
        .isInstanceOfSatisfying(
            CaissonException.class,
            failure -> assertThat(failure.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
  }

  @Test
  void asksNoMoreWhenItIsCancelledWhileTheServiceIsAway() throws Exception {
    CompletableFuture<Void> cut = new CompletableFuture<>();
    client.close();
    client = Caisson.builder().socket(socket()).whenCutOff(_ -> cut.complete(null)).build();
    journal.ends.add(FakeEvents.away(1));
    Disposable watch = client.events().watch(PARENT, Events.BEGIN).subscribe();
    cut.join();
    watch.dispose();
    assertThat(watch.isDisposed()).isTrue();
    // The next one to ask is somebody else.
    assertThat(watched("1.199")).isEqualTo(numbers(200));
    assertThat(journal.cursors).containsExactly("begin", "1.199");
  }
}
