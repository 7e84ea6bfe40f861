package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.LogEntry;
import dev.caisson.proto.executor.v1.Logs;
import dev.caisson.proto.executor.v1.Output;
import dev.caisson.proto.executor.v1.ReadLogsRequest;
import dev.caisson.proto.executor.v1.ReadLogsResponse;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerSpec;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What containers put out, in files. */
class LogsIT {
  private static final Logs SMALL = Logs.newBuilder().setMaxBytes(64 * 1024).setMaxFiles(2).build();

  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch("limits.log-bytes = 104857600");
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private CreateContainerRequest.Builder logged(String id, ContainerSpec.Builder spec, Logs logs) {
    return node.request(id, spec).setLogs(logs);
  }

  private void started(String id, String script, Logs logs) {
    var _ = node.stub().createContainer(logged(id, node.shell(script), logs).build());
    node.start(id);
  }

  private static ReadLogsRequest.Builder request(String id) {
    return ReadLogsRequest.newBuilder().setTenant(TestNode.TENANT).setContainerId(id);
  }

  /** Up to the end. */
  private List<LogEntry> read(ReadLogsRequest.Builder request) {
    return Stream.iterate(
            node.stub().readLogs(request.build()), java.util.Iterator::hasNext, some -> some)
        .map(some -> some.next().getEntry())
        .toList();
  }

  private static List<String> texts(List<LogEntry> entries) {
    return entries.stream().map(entry -> entry.getData().toStringUtf8()).toList();
  }

  /** One who follows. */
  private final class Follower
      implements ClientResponseObserver<ReadLogsRequest, ReadLogsResponse> {
    final List<LogEntry> entries = new CopyOnWriteArrayList<>();
    final CompletableFuture<Void> end = new CompletableFuture<>();

    private final boolean slow;
    private ClientCallStreamObserver<ReadLogsRequest> call;

    Follower(String id) {
      this(id, false);
    }

    /** A slow one is given only what it takes. */
    Follower(String id, boolean slow) {
      this.slow = slow;
      node.async().readLogs(request(id).setFollow(true).build(), this);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<ReadLogsRequest> observer) {
      call = observer;
      if (slow) {
        observer.disableAutoRequestWithInitial(0);
      }
    }

    void take(int messages) {
      call.request(messages);
    }

    @Override
    public void onNext(ReadLogsResponse response) {
      entries.add(response.getEntry());
    }

    @Override
    public void onError(Throwable problem) {
      end.completeExceptionally(problem);
    }

    @Override
    public void onCompleted() {
      end.complete(null);
    }

    Follower await(String text) {
      TestNode.eventually("line " + text, () -> texts(entries).contains(text));
      return this;
    }

    void completed() throws Exception {
      end.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void writesWhatNobodyIsAttachedTo() throws Exception {
    started("c", "cat; echo out; echo err >&2; printf rest", Logs.getDefaultInstance());
    assertThat(node.await("c").getCode()).isZero();
    List<LogEntry> entries = read(request("c").setFollow(true));
    assertThat(texts(entries)).containsExactlyInAnyOrder("out", "err", "rest");
    LogEntry err = entries.get(texts(entries).indexOf("err"));
    assertThat(err.getStream()).isEqualTo(Output.Stream.STDERR);
    assertThat(err.getNotice()).isFalse();
    assertThat(entries.get(texts(entries).indexOf("rest")).getPartial()).isTrue();
    Path directory = Path.of(node.get("c").getLogDirectory());
    assertThat(directory).isEqualTo(node.data().resolve("logs").resolve(node.get("c").getUid()));
    assertThat(Files.readAllLines(directory.resolve("0000000001.log")))
        .hasSize(3)
        .allMatch(line -> line.matches("[0-9T:.-]+Z std(out|err) [FP] (out|err|rest)"));
    assertThat(texts(read(request("c").setTailLines(1)))).hasSizeBetween(1, 2);
    node.delete("c");
    assertThat(directory).doesNotExist();
  }

  @Test
  void writesBesideThoseWhoAreAttached() throws Exception {
    var run =
        node.runAttached(
            logged("c", node.shell("read x; echo got $x; read y; exit 3"), SMALL).build());
    run.input("one\n").awaitOutput("got one");
    Follower follower = new Follower("c").await("got one");
    run.input("\n");
    assertThat(run.ended().code()).isEqualTo(3);
    TestNode.eventually("the end", follower.end::isDone);
  }

  @Test
  void whatComesOutOfATerminalIsStandardOutput() throws Exception {
    ContainerSpec.Builder spec = node.shell("tty; echo err >&2");
    spec.getProcessBuilder().setTerminal(true);
    var _ = node.stub().createContainer(logged("c", spec, SMALL).setStdio(StdioMode.PIPE).build());
    node.start("c");
    List<LogEntry> entries = read(request("c").setFollow(true));
    assertThat(texts(entries)).containsExactly("/dev/pts/0\r", "err\r");
    assertThat(entries).allMatch(entry -> entry.getStream() == Output.Stream.STDOUT);
  }

  @Test
  void followsAcrossRotations() throws Exception {
    var request =
        logged(
                "c",
                node.shell(
                    "echo begin; read x; i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"),
                Logs.newBuilder().setMaxBytes(64 * 1024).setMaxFiles(100).build())
            .setStdio(StdioMode.PIPE);
    var _ = node.stub().createContainer(request.build());
    Follower follower = new Follower("c");
    node.start("c");
    follower.await("begin");
    node.attach("c").input("\n").ended();
    follower.completed();
    assertThat(follower.entries).hasSize(20_001).noneMatch(LogEntry::getNotice);
    assertThat(follower.entries.getLast().getData().toStringUtf8()).isEqualTo("line 19999");
    assertThat(texts(read(request("c").setTailLines(2))))
        .containsExactly("line 19998", "line 19999");
    try (Stream<Path> files = Files.list(Path.of(node.get("c").getLogDirectory()))) {
      assertThat(files.count()).isGreaterThan(10);
    }
  }

  @Test
  void keepsToItsBounds() throws Exception {
    started("c", "head -c 1000000 /dev/zero | tr '\\0' x; echo end", SMALL);
    List<LogEntry> entries = read(request("c").setFollow(true));
    assertThat(entries.getLast().getData().toStringUtf8()).endsWith("xend");
    try (Stream<Path> files = Files.list(Path.of(node.get("c").getLogDirectory()))) {
      assertThat(files).hasSize(2).allMatch(file -> file.toFile().length() <= 64 * 1024);
    }
  }

  @Test
  void goesOnAfterARestart() throws Exception {
    var request =
        logged(
                "c",
                node.shell("echo one; read x; echo two; printf half; read y; echo; exit 3"),
                SMALL)
            .setStdio(StdioMode.PIPE);
    var _ = node.stub().createContainer(request.build());
    node.start("c");
    new Follower("c").await("one");
    node.restart();
    Follower follower = new Follower("c").await("one");
    var call = node.attach("c").input("\n").awaitOutput("half");
    node.restart();
    Follower last = new Follower("c").await("two");
    node.attach("c").input("\n").ended();
    last.completed();
    assertThat(follower.end).isCompletedExceptionally();
    assertThat(call.isCompleted()).isTrue();
    List<LogEntry> entries = last.entries;
    assertThat(entries.stream().filter(LogEntry::getNotice)).hasSize(2);
    assertThat(texts(entries.stream().filter(entry -> !entry.getNotice()).toList()))
        .containsExactly("one", "two", "half", "");
    node.restart();
    assertThat(read(request("c").setFollow(true))).isEqualTo(entries);
  }

  @Test
  void writesWhatWasPutOutWhileNoExecutorWasThere() throws Exception {
    ContainerSpec.Builder spec =
        node.shell("while [ ! -e /shared/go ]; do sleep 0.1; done; echo late; echo > /shared/done");
    Path volume = node.share(spec);
    var _ = node.stub().createContainer(logged("c", spec, SMALL).build());
    node.start("c");
    node.shut();
    Files.createFile(volume.resolve("go"));
    TestNode.eventually("it goes on", () -> Files.exists(volume.resolve("done")));
    node.open();
    assertThat(texts(read(request("c").setFollow(true)))).contains("late");
  }

  @Test
  void aFullDiskStopsNothing() throws Exception {
    Path logs = Files.createDirectories(node.data().resolve("logs"));
    mount(logs, "size=128k");
    try {
      started(
          "c",
          "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo > /shared/full;"
              + " while [ ! -e /shared/go ]; do sleep 0.1; done; echo after",
          Logs.newBuilder().setMaxBytes(1 << 20).setMaxFiles(2).build(),
          logs);
    } finally {
      unmount(logs);
    }
  }

  private void started(String id, String script, Logs bounds, Path logs) throws Exception {
    ContainerSpec.Builder spec = node.shell(script);
    Path volume = node.share(spec);
    var _ = node.stub().createContainer(logged(id, spec, bounds).build());
    node.start(id);
    TestNode.eventually("all is put out", () -> Files.exists(volume.resolve("full")));
    mount(logs, "remount,size=8m");
    Files.createFile(volume.resolve("go"));
    Follower follower = new Follower(id).await("after");
    follower.completed();
    List<String> notices = texts(follower.entries.stream().filter(LogEntry::getNotice).toList());
    assertThat(notices)
        .isNotEmpty()
        .allMatch(text ->
            text.matches("\\d+ bytes of output are missing before this: No space left on device"));
    long lost = notices.stream().mapToLong(text -> Long.parseLong(text.split(" ", 2)[0])).sum();
    long kept =
        follower.entries.stream()
            .filter(entry -> !entry.getNotice())
            .mapToLong(entry -> entry.getData().size() + (entry.getPartial() ? 0 : 1))
            .sum();
    assertThat(lost + kept).isEqualTo(1_000_001 + "after\n".length());
    node.delete(id, true);
  }

  private static void mount(Path target, String options) throws Exception {
    command("mount", "-t", "tmpfs", "-o", options, "logs", target.toString());
  }

  private static void unmount(Path target) throws Exception {
    command("umount", "--lazy", target.toString());
  }

  private static void command(String... words) throws Exception {
    assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void oneWhoIsAttachedAndTakesNothingDoesNotHoldTheLogUp() throws Exception {
    node.shut();
    node.patience(Duration.ofMillis(300)).open();
    var request =
        logged(
                "c",
                node.shell("read x; head -c 3000000 /dev/zero | tr '\\0' x; echo end"),
                Logs.getDefaultInstance())
            .setStdio(StdioMode.PIPE);
    var _ = node.stub().createContainer(request.build());
    node.start("c");
    var dead = node.attach("c", "", AttachedClient.attach().slowly()).input("\n");
    List<LogEntry> entries = read(request("c").setFollow(true));
    assertThat(entries.getLast().getData().toStringUtf8()).endsWith("end");
    dead.take(1_000_000);
    Problem.of(dead.failure()).is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED);
  }

  @Test
  void oneWhoHasNotReadAllIsToldOfTheDeletion() {
    started("c", "head -c 3000000 /dev/zero | tr '\\0' x; echo end", Logs.getDefaultInstance());
    assertThat(node.await("c").getCode()).isZero();
    Follower slow = new Follower("c", true);
    slow.take(1);
    TestNode.eventually("it begins", () -> !slow.entries.isEmpty());
    node.delete("c", true);
    slow.take(1_000_000);
    TestNode.eventually("the end", slow.end::isDone);
    var problem =
        catchThrowableOfType(java.util.concurrent.ExecutionException.class, slow.end::get);
    Problem.of(problem.getCause()).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    assertThat(slow.entries.size()).isLessThan(3_000_000 / (16 * 1024));
  }

  @Test
  void refusesWhatCannotBe() {
    node.create("plain", node.spec("true"));
    Problem.of(() -> read(request("plain"))).is(Status.Code.FAILED_PRECONDITION, Reason.NO_LOGS);
    Problem.of(() -> read(request("none"))).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    assertThat(node.get("plain").getLogDirectory()).isEmpty();
    for (Logs bad :
        List.of(
            Logs.newBuilder().setMaxBytes(64 * 1024 - 1).build(),
            Logs.newBuilder().setMaxBytes((1L << 30) + 1).build(),
            Logs.newBuilder().setMaxBytes(-1).build(),
            Logs.newBuilder().setMaxFiles(1).build(),
            Logs.newBuilder().setMaxFiles(101).build(),
            Logs.newBuilder().setMaxFiles(-1).build())) {
      Problem.of(() -> create(bad)).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    }
    Problem.of(() -> create(Logs.newBuilder().setMaxBytes(50 << 20).setMaxFiles(3).build()))
        .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED);
  }

  private void create(Logs logs) {
    var _ = node.stub().createContainer(logged("bad", node.spec("true"), logs).build());
  }

  @Test
  void leavesNothing() throws Exception {
    started("warm", "echo x", SMALL);
    assertThat(read(request("warm").setFollow(true))).hasSize(1);
    node.delete("warm");
    Traces before = Traces.of(node);
    for (int i = 0; i < 3; i++) {
      started("c", "echo x; sleep 60", SMALL);
      Follower follower = new Follower("c").await("x");
      node.delete("c", true);
      TestNode.eventually("the end", follower.end::isDone);
    }
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).isEqualTo(before));
  }

  @Test
  void removesAtItsStartWhatACrashHasLeft() throws IOException {
    started("c", "echo x; sleep 60", SMALL);
    new Follower("c").await("x");
    Path kept = Path.of(node.get("c").getLogDirectory());
    node.shut();
    Path left = Files.createDirectories(node.data().resolve("logs/nobody"));
    Files.createFile(left.resolve("0000000001.log"));
    node.open();
    assertThat(left).doesNotExist();
    assertThat(kept).isNotEmptyDirectory();
  }
}
