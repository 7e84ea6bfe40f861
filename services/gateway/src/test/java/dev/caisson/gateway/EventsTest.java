package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.SandboxDeleted;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchEventsResponse;
import dev.caisson.proto.v1.WatchSandboxesRequest;
import dev.caisson.proto.v1.WatchSandboxesResponse;
import dev.caisson.rpc.Channels;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EventsTest {
  @TempDir Path directory;
  private GatewayFixture gateway;

  @BeforeEach
  void start() throws Exception {
    gateway = GatewayFixture.start(directory);
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void givesTheEventsOfATenantInOrder() {
    gateway.journal.append("t", "pod", "a");
    gateway.journal.append("u", "pod", "secret");
    gateway.journal.append(
        Event.newBuilder().setExecutorStarted(ExecutorStarted.getDefaultInstance()).build());
    gateway.journal.append("t", "pod", "b");
    assertThat(all(request("begin", "")))
        .extracting(EventsTest::container)
        .containsExactly("a", "b");
  }

  @Test
  void tellsWhereItBeginsBeforeThereIsAnyEvent() throws Exception {
    gateway.journal.append("t", "pod", "a");
    String begin = begun(request("", ""));
    gateway.journal.append("t", "pod", "b");
    assertThat(all(request(begin, ""))).extracting(EventsTest::container).containsExactly("b");
    assertThat(begun(request("1.7", ""))).isEqualTo("1.7");
  }

  /** Over HTTP too, where a browser would else come again and again. */
  @Test
  void aRefusedWatchHasAStatusOfItsOwn() throws Exception {
    Path socket = directory.resolve("h");
    try (GatewayFixture served =
        GatewayFixture.start(
            Files.createDirectory(directory.resolve("other")),
            Map.of("caisson.gateway.http.socket", socket.toString()))) {
      served.journal.append("t", "pod", "a");
      assertThat(
              HttpProbe.ask(
                  socket, "GET", "/v1/tenants/t/events:watch?cursor=" + FakeJournal.EPOCH + ".99"))
          .startsWith("HTTP/1.1 400")
          .contains("INVALID_CURSOR");
    }
  }

  /** What the headers say of a watch that goes on. */
  private String begun(WatchEventsRequest request) throws Exception {
    CompletableFuture<Metadata> headers = new CompletableFuture<>();
    ClientCall<WatchEventsRequest, WatchEventsResponse> call =
        gateway.channel.newCall(EventsGrpc.getWatchEventsMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onHeaders(Metadata told) {
            headers.complete(told);
          }
        },
        new Metadata());
    call.sendMessage(request.toBuilder().setNoFollow(false).build());
    call.halfClose();
    call.request(1);
    Metadata told = headers.get(30, TimeUnit.SECONDS);
    call.cancel("known", null);
    return told.get(Metadata.Key.of("caisson-cursor", Metadata.ASCII_STRING_MARSHALLER));
  }

  @Test
  void givesTheEventsOfOneSandboxOrContainer() {
    gateway.journal.append("t", "one", "a");
    gateway.journal.append("t", "one", "b");
    gateway.journal.append("t", "two", "c");
    assertThat(all(request("begin", "tenants/t/sandboxes/one")))
        .extracting(EventsTest::container)
        .containsExactly("a", "b");
    assertThat(all(request("begin", "tenants/t/sandboxes/one/containers/b")))
        .extracting(EventsTest::container)
        .containsExactly("b");
    assertThat(all(request("begin", "tenants/t/sandboxes/-/containers/c")))
        .extracting(EventsTest::container)
        .containsExactly("c");
  }

  @Test
  void goesOnAfterACursor() {
    gateway.journal.append("t", "pod", "a");
    gateway.journal.append("t", "pod", "b");
    String cursor = all(request("begin", "")).getFirst().getCursor();
    assertThat(all(request(cursor, ""))).extracting(EventsTest::container).containsExactly("b");
  }

  @Test
  void tellsHowFarItHasComeToThoseWhoAskForThat() {
    for (int event = 0; event < 600; event++) {
      gateway.journal.append(event == 300 ? "t" : "u", "pod", "x");
    }
    WatchEventsRequest asking = request("begin", "").toBuilder().setBookmarks(true).build();
    assertThat(all(asking))
        .extracting(answer -> answer.hasEvent() + " " + answer.getCursor())
        .containsExactly("false 3.256", "true 3.301", "false 3.557");
    assertThat(all(request("begin", ""))).hasSize(1);
    assertThat(all(request("3.557", ""))).isEmpty();
  }

  @Test
  void givesOnlyWhatComesFromNowOnWithoutACursor() throws Exception {
    gateway.journal.append("t", "pod", "old");
    var watch = watch(WatchEventsRequest.newBuilder().setParent("tenants/t").build());
    Awaitility.await().until(() -> gateway.journal.followers() == 1);
    gateway.journal.append("t", "pod", "new");
    assertThat(container(watch.next())).isEqualTo("new");
  }

  @Test
  void findsTheEndWithoutReadingTheJournal() {
    for (int event = 0; event < 100; event++) {
      gateway.journal.append("t", "pod", "x");
    }
    WatchEventsRequest fromNow =
        WatchEventsRequest.newBuilder().setParent("tenants/t").setNoFollow(true).build();
    assertThat(all(fromNow)).isEmpty();
    assertThat(gateway.journal.recordsRead).hasValue(0);
  }

  @Test
  void findsTheEndOfAJournalThatWasReplaced() {
    for (int event = 0; event < 10; event++) {
      gateway.journal.append("t", "pod", "x");
    }
    WatchEventsRequest fromNow =
        WatchEventsRequest.newBuilder().setParent("tenants/t").setNoFollow(true).build();
    assertThat(all(fromNow)).isEmpty();
    gateway.journal.forgetEverything();
    gateway.journal.append("t", "pod", "y");
    assertThat(all(fromNow)).isEmpty();
  }

  @Test
  void followsUntilTheCallerGivesUp() throws Exception {
    var watch = watch(request("begin", "").toBuilder().setNoFollow(false).build());
    gateway.journal.append("t", "pod", "a");
    assertThat(container(watch.next())).isEqualTo("a");
    gateway.journal.append("t", "pod", "b");
    assertThat(container(watch.next())).isEqualTo("b");
    watch.call().cancel("enough", null);
    assertThat(Status.fromThrowable(watch.failure()).getCode()).isEqualTo(Status.Code.CANCELLED);
  }

  @Test
  void followsForAThousandAndMoreByOneStream() throws Exception {
    for (int event = 0; event < 3; event++) {
      gateway.journal.append("t", "pod", "old");
    }
    ManagedChannel other = Channels.unix(directory.resolve("g")); // 1,024 calls at most on each
    try {
      List<Counter<WatchEventsResponse>> events = new ArrayList<>();
      List<Counter<WatchSandboxesResponse>> sandboxes = new ArrayList<>();
      for (int watch = 0; watch < 1_000; watch++) {
        events.add(new Counter<>());
        EventsGrpc.newStub(gateway.channel)
            .watchEvents(
                request("begin", "").toBuilder().setNoFollow(false).build(), events.getLast());
      }
      for (int watch = 0; watch < 200; watch++) {
        sandboxes.add(new Counter<>());
        SandboxesGrpc.newStub(other)
            .watchSandboxes(
                WatchSandboxesRequest.newBuilder().setParent("tenants/t").build(),
                sandboxes.getLast());
      }
      await(() -> events.stream().allMatch(one -> one.answers.size() == 3));
      await(() -> sandboxes.stream().allMatch(one -> one.answers.size() == 1));
      for (int event = 0; event < 300; event++) {
        gateway.journal.append("t", "pod", "c" + event);
      }
      gateway.journal.append(
          Event.newBuilder()
              .setSubject(Subject.newBuilder().setTenant("t").setSandboxId("gone"))
              .setSandboxDeleted(SandboxDeleted.getDefaultInstance())
              .build());
      List<String> all = LongStream.rangeClosed(1, 304).mapToObj(seq -> "3." + seq).toList();
      await(() -> events.stream().allMatch(one -> one.answers.size() >= 304));
      for (Counter<WatchEventsResponse> one : events) {
        assertThat(one.answers).extracting(WatchEventsResponse::getCursor).isEqualTo(all);
      }
      await(() -> sandboxes.stream().allMatch(one -> one.answers.size() == 2));
      assertThat(gateway.journal.followers()).isEqualTo(1);
      assertThat(gateway.journal.mostStreams()).isLessThanOrEqualTo(17);
    } finally {
      other.shutdownNow();
    }
    gateway.channel.shutdownNow();
    await(() -> gateway.journal.followers() == 0);
  }

  private static void await(Callable<Boolean> condition) {
    Awaitility.await().atMost(Duration.ofSeconds(40)).until(condition);
  }

  private static final class Counter<A> implements StreamObserver<A> {
    private final List<A> answers = new CopyOnWriteArrayList<>();

    @Override
    public void onNext(A answer) {
      answers.add(answer);
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {}
  }

  @Test
  void refusesACursorThatIsNone() {
    for (String cursor : List.of("x", "1", "1.", "-1.2", "1.99999999999999999999", "1.2.3")) {
      StatusRuntimeException error = refused(() -> all(request(cursor, "")));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(info(error).getReason()).isEqualTo("INVALID_CURSOR");
    }
  }

  @Test
  void saysThatACursorIsTooOldOrBeyondTheEnd() {
    for (int event = 0; event < 5; event++) {
      gateway.journal.append("t", "pod", "x");
    }
    gateway.journal.dropBefore(4);
    for (String cursor : List.of(FakeJournal.EPOCH + ".1", FakeJournal.EPOCH + ".9")) {
      StatusRuntimeException error = refused(() -> all(request(cursor, "")));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
      assertThat(info(error).getReason()).isEqualTo("INVALID_CURSOR");
    }
    assertThat(all(request("begin", ""))).hasSize(2);
  }

  @Test
  void refusesAResourceOfAnotherTenant() {
    StatusRuntimeException error = refused(() -> all(request("begin", "tenants/u/sandboxes/pod")));
    assertThat(info(error).getMetadataOrThrow("field")).isEqualTo("resource");
  }

  private static String container(WatchEventsResponse response) {
    return response.getEvent().getSubject().getContainerId();
  }

  private static WatchEventsRequest request(String cursor, String resource) {
    return WatchEventsRequest.newBuilder()
        .setParent("tenants/t")
        .setCursor(cursor)
        .setResource(resource)
        .setNoFollow(true)
        .build();
  }

  private List<WatchEventsResponse> all(WatchEventsRequest request) {
    return ImmutableList.copyOf(gateway.events().watchEvents(request));
  }

  private StreamProbe<WatchEventsRequest, WatchEventsResponse> watch(WatchEventsRequest request) {
    StreamProbe<WatchEventsRequest, WatchEventsResponse> watch = new StreamProbe<>();
    EventsGrpc.newStub(gateway.channel).watchEvents(request, watch);
    return watch;
  }
}
