package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.rpc.ErrorInfo;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.RequestDenied;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.proto.journal.v1.AcknowledgeRequest;
import dev.caisson.proto.journal.v1.GetBacklogRequest;
import dev.caisson.proto.journal.v1.GetBacklogResponse;
import dev.caisson.proto.journal.v1.GetEndRequest;
import dev.caisson.proto.journal.v1.GetEndResponse;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.ReadUsageRequest;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.journal.v1.RecordDenialRequest;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class JournalServiceTest {
  @TempDir Path directory;
  private Journal journal;
  private UsageLog usage;
  private JournalService service;
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void serve() throws Exception {
    journal =
        Journals.open(
            new JournalSettings(
                directory.resolve("journal"),
                "n",
                Durability.GROUP,
                FullMode.FAIL_CLOSED,
                64 << 20,
                0,
                1 << 20,
                Duration.ZERO,
                Duration.ZERO),
            Journals.BOOT);
    usage =
        UsageLog.open(
            new UsageLogSettings(
                directory.resolve("usage"), "n", 1, Journals.BOOT, 1 << 20, 1_024, Duration.ZERO),
            Journals.CLOCK);
    service = new JournalService(journal, usage, new Denials(journal, Journals.CLOCK, "gateway"));
    String name = UUID.randomUUID().toString();
    server = InProcessServerBuilder.forName(name).addService(service).build().start();
    channel = InProcessChannelBuilder.forName(name).build();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow();
    service.close();
    server.shutdownNow().awaitTermination();
    journal.close();
    usage.close();
  }

  @Test
  void tellsWhatIsAfterAPosition() {
    long seq = fill(10);
    Journals.awaitDurable(journal, seq);
    GetBacklogResponse backlog =
        JournalGrpc.newBlockingStub(channel)
            .getBacklog(
                GetBacklogRequest.newBuilder()
                    .setEvents(
                        dev.caisson.proto.journal.v1.Position.newBuilder()
                            .setEpoch(1)
                            .setSeq(seq - 4))
                    .build());
    assertThat(backlog.getEvents().getRecords()).isEqualTo(4);
    assertThat(backlog.getEvents().getBytes()).isPositive();
    assertThat(backlog.getEvents().getOldest())
        .isEqualTo(Journal.timestamp(Journals.CLOCK.instant()));
    assertThat(backlog.getUsage().getRecords()).isZero();
    assertThat(backlog.getUsage().hasOldest()).isFalse();
  }

  @Test
  void theRelayHasTheEndBeforeItIsServedNoMore() throws Exception {
    fill(3);
    Iterator<ReadResponse> events =
        JournalGrpc.newBlockingStub(channel).read(ReadRequest.newBuilder().setFollow(true).build());
    assertThat(events.hasNext()).isTrue();
    AtomicBoolean closed = new AtomicBoolean();
    JournalOutlet outlet = new JournalOutlet(journal);
    outlet.serve(service, () -> closed.set(true));
    Thread ending = Thread.ofPlatform().start(outlet::close);

    Record last = Record.getDefaultInstance();
    while (!Event.parseFrom(last.getEvent()).getJournalCheckpoint().getLast()) {
      last = events.next().getRecordsList().getLast();
    }
    assertThat(closed).isFalse();
    assertThatThrownBy(() -> fill(1)).hasMessageContaining("has ended");
    var _ =
        JournalGrpc.newBlockingStub(channel)
            .acknowledge(AcknowledgeRequest.newBuilder().setEvents(last.getPosition()).build());
    ending.join();
    assertThat(closed).isTrue();
  }

  @Test
  void streamsTheEventsAsJournalledAndEndsAtTheLastOneThatWasWritten() {
    long seq = fill(600); // which need not be durable yet
    Iterator<ReadResponse> responses =
        JournalGrpc.newBlockingStub(channel).read(ReadRequest.getDefaultInstance());
    List<Record> records = new ArrayList<>();
    responses.forEachRemaining(response -> {
      assertThat(response.getRecordsCount()).isBetween(1, 256);
      records.addAll(response.getRecordsList());
    });
    List<LogRecord> expected = Journals.records(journal, seq);

    assertThat(records).hasSameSizeAs(expected);
    for (int i = 0; i < records.size(); i++) {
      assertThat(records.get(i).getEvent()).isEqualTo(expected.get(i).bytes());
      assertThat(records.get(i).getChain()).isEqualTo(expected.get(i).chain());
      assertThat(records.get(i).getPosition().getSeq()).isEqualTo(i + 1);
    }
  }

  @Test
  void putsNoMoreRecordsIntoAResponseThanAreAskedFor() {
    Journals.awaitDurable(journal, fill(600));
    assertThat(largest(ReadRequest.newBuilder().setMaxRecords(7))).isEqualTo(7);
    assertThat(largest(ReadRequest.newBuilder())).isEqualTo(256);
    assertThat(largest(ReadRequest.newBuilder().setMaxRecords(257))).isEqualTo(256);
    assertThat(largest(ReadRequest.newBuilder().setMaxRecords(-1))).isEqualTo(256);
  }

  private int largest(ReadRequest.Builder request) {
    List<Integer> sizes = new ArrayList<>();
    JournalGrpc.newBlockingStub(channel)
        .read(request.build())
        .forEachRemaining(response -> sizes.add(response.getRecordsCount()));
    assertThat(sizes.stream().mapToInt(size -> size).sum()).isEqualTo(601);
    return Collections.max(sizes);
  }

  @Test
  void tellsTheEndAsSoonAsItIsDurable() {
    JournalGrpc.JournalBlockingStub stub = JournalGrpc.newBlockingStub(channel);
    for (int round = 0; round < 20; round++) {
      long seq = fill(10); // which need not be durable yet
      GetEndResponse end = stub.getEnd(GetEndRequest.getDefaultInstance());
      assertThat(end.getEnd()).isEqualTo(position(1, seq));
      assertThat(journal.durable()).isEqualTo(new Position(1, seq));
    }
  }

  @Test
  void followsFromAPosition() {
    journal.append(Journals.event("a"));
    Journals.awaitDurable(journal, 2);
    ReadRequest request = ReadRequest.newBuilder().setAfter(position(1, 2)).setFollow(true).build();
    Iterator<ReadResponse> responses = JournalGrpc.newBlockingStub(channel).read(request);
    for (int seq = 3; seq < 10; seq++) {
      journal.append(Journals.event("a"));
      assertThat(responses.next().getRecords(0).getPosition()).isEqualTo(position(1, seq));
    }
  }

  @Test
  void keepsMessagesBelowAMebibyteAndWaitsForTheClient() throws Exception {
    String text = "x".repeat(60_000);
    for (int i = 0; i < 100; i++) {
      journal.append(
          Journals.event("a").setContainerCreated(ContainerCreated.newBuilder().addArgs(text)));
    }
    Journals.awaitDurable(journal, 101);
    BlockingQueue<ReadResponse> received = new LinkedBlockingQueue<>();
    ClientCall<ReadRequest, ReadResponse> call = read(received);

    call.request(1);
    ReadResponse first = received.take();
    assertThat(first.getSerializedSize()).isLessThan(1 << 20).isGreaterThan(900_000);
    assertThat(received.poll(50, TimeUnit.MILLISECONDS))
        .as("nothing that was not asked for")
        .isNull();
    int records = first.getRecordsCount();
    while (records < 101) {
      call.request(1);
      records += received.take().getRecordsCount();
    }
    call.cancel("read enough", null);
  }

  private ClientCall<ReadRequest, ReadResponse> read(BlockingQueue<ReadResponse> received) {
    ClientCall<ReadRequest, ReadResponse> call =
        channel.newCall(JournalGrpc.getReadMethod(), io.grpc.CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(ReadResponse message) {
            received.add(message);
          }
        },
        new Metadata());
    call.sendMessage(ReadRequest.newBuilder().setFollow(true).build());
    call.halfClose();
    return call;
  }

  @Test
  void saysWhereOneCanGoOnWhenAPositionIsTooOldOrTooNew() {
    Journals.awaitDurable(journal, fill(20_000));
    JournalGrpc.JournalBlockingStub stub = JournalGrpc.newBlockingStub(channel);
    var _ =
        stub.acknowledge(AcknowledgeRequest.newBuilder().setEvents(position(1, 20_000)).build());

    ErrorInfo old =
        assertFails(
            () -> stub.read(ReadRequest.getDefaultInstance()).next(), Status.Code.NOT_FOUND);
    assertThat(old.getReason()).isEqualTo("POSITION_NOT_RETAINED");
    assertThat(old.getDomain()).isEqualTo("journal.caisson.dev");
    long seq = Long.parseLong(old.getMetadataOrThrow("seq"));
    ReadRequest again = ReadRequest.newBuilder().setAfter(position(1, seq)).build();
    assertThat(stub.read(again).next().getRecords(0).getPosition()).isEqualTo(position(1, seq + 1));

    ReadRequest beyond = ReadRequest.newBuilder().setAfter(position(-1, 7)).build();
    assertThat(assertFails(() -> stub.read(beyond).next(), Status.Code.OUT_OF_RANGE).getReason())
        .isEqualTo("POSITION_AHEAD");
    AcknowledgeRequest ahead = AcknowledgeRequest.newBuilder().setEvents(position(9, 9)).build();
    assertThat(assertFails(() -> stub.acknowledge(ahead), Status.Code.OUT_OF_RANGE).getReason())
        .isEqualTo("POSITION_AHEAD");
  }

  @Test
  void streamsAndDeletesUsage() {
    for (int i = 0; i < 100; i++) {
      usage.append(UsageSample.newBuilder().setSandboxUid("a"));
    }
    JournalGrpc.JournalBlockingStub stub = JournalGrpc.newBlockingStub(channel);
    var responses = stub.readUsage(ReadUsageRequest.newBuilder().setFollow(true).build());
    long seen = 0;
    while (seen < 100) {
      seen = responses.next().getRecordsList().getLast().getPosition().getSeq();
    }
    var _ = stub.acknowledge(AcknowledgeRequest.newBuilder().setUsage(position(1, 100)).build());
    assertThat(Journals.segments(directory.resolve("usage"))).hasSize(1);
  }

  @Test
  void refusesMoreStreamsThanItHasThreadsForAndTakesThemBack() throws Exception {
    List<ClientCall<ReadRequest, ReadResponse>> calls = new ArrayList<>();
    Journals.awaitDurable(journal, 1);
    for (int i = 0; i < JournalService.MAX_STREAMS; i++) {
      BlockingQueue<ReadResponse> received = new LinkedBlockingQueue<>();
      calls.add(read(received));
      calls.getLast().request(1);
      received.take();
    }
    JournalGrpc.JournalBlockingStub stub = JournalGrpc.newBlockingStub(channel);
    assertThat(
            assertFails(
                    () -> stub.read(ReadRequest.getDefaultInstance()).next(),
                    Status.Code.RESOURCE_EXHAUSTED)
                .getReason())
        .isEqualTo("TOO_MANY_STREAMS");
    calls.forEach(call -> call.cancel("enough", null));
    assertThat(readsAgain(stub)).isTrue();
  }

  /** The server hears of a cancelled call a little later. */
  private static boolean readsAgain(JournalGrpc.JournalBlockingStub stub) {
    while (true) {
      try {
        return stub.read(ReadRequest.getDefaultInstance()).next().getRecordsCount() > 0;
      } catch (StatusRuntimeException e) {
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      }
    }
  }

  @Test
  void takesWhatTheGatewayHasRefusedAndBoundsIt() {
    RecordDenialRequest.Builder request =
        RecordDenialRequest.newBuilder()
            .setOperation("CreateContainer")
            .setReason("NOT_ALLOWED")
            .setMessage("The caller\nmay not")
            .setSuppressed(-1);
    request.getActorBuilder().setPrincipal("p".repeat(1_000)).setPeer("root");
    var stub = JournalGrpc.newBlockingStub(channel);
    assertThat(stub.recordDenial(request.build()).getRecorded()).isTrue();
    assertThat(stub.recordDenial(request.build()).getRecorded()).as("in the same second").isFalse();

    Event event = Journals.events(journal, 2).getLast();
    assertThat(event.getRequestDenied())
        .isEqualTo(
            RequestDenied.newBuilder()
                .setBy("gateway")
                .setOperation("CreateContainer")
                .setReason("NOT_ALLOWED")
                .setMessage("The caller?may not")
                .setSuppressed(Long.MAX_VALUE)
                .build());
    assertThat(event.getActor().getPrincipal()).hasSize(254).endsWith("…");
    assertThat(event.getActor().getPeer()).as("which it cannot assert").isEmpty();
  }

  @Test
  void endsStreamsWhenItIsClosed() {
    Journals.awaitDurable(journal, 1);
    JournalGrpc.JournalBlockingStub stub = JournalGrpc.newBlockingStub(channel);
    Iterator<ReadResponse> responses = stub.read(ReadRequest.newBuilder().setFollow(true).build());
    assertThat(responses.next().getRecordsCount()).isEqualTo(1);
    service.close();

    assertThat(assertFails(responses::next, Status.Code.UNAVAILABLE).getReason())
        .isEqualTo("JOURNAL_CLOSED");
  }

  @Test
  void namesTheRecordThatIsCorrupt() throws Exception {
    Journals.awaitDurable(journal, fill(3));
    Path file = Journals.segments(directory.resolve("journal")).getFirst();
    try (var bytes = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(bytes.length() - 1);
      bytes.write(~0);
    }
    JournalGrpc.JournalBlockingStub stub = JournalGrpc.newBlockingStub(channel);
    ErrorInfo info =
        assertFails(
            () -> stub.read(ReadRequest.getDefaultInstance()).forEachRemaining(_ -> {}),
            Status.Code.DATA_LOSS);

    assertThat(info.getReason()).isEqualTo("RECORD_CORRUPT");
    assertThat(info.getMetadataMap()).containsEntry("seq", "4");
  }

  private long fill(int events) {
    long seq = 0;
    for (int i = 0; i < events; i++) {
      seq = journal.append(Journals.event("a"));
    }
    return seq;
  }

  private static dev.caisson.proto.journal.v1.Position position(long epoch, long seq) {
    return dev.caisson.proto.journal.v1.Position.newBuilder().setEpoch(epoch).setSeq(seq).build();
  }

  private static ErrorInfo assertFails(Runnable call, Status.Code code) {
    ErrorInfo[] info = new ErrorInfo[1];
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(code);
              info[0] = unpack(e);
            });
    return info[0];
  }

  private static ErrorInfo unpack(StatusRuntimeException e) {
    try {
      return StatusProto.fromThrowable(e).getDetails(0).unpack(ErrorInfo.class);
    } catch (com.google.protobuf.InvalidProtocolBufferException bad) {
      throw new AssertionError(bad);
    }
  }
}
