package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalSettings;
import dev.caisson.executor.journal.Signing;
import dev.caisson.executor.journal.SigningKey;
import dev.caisson.executor.store.Loaded;
import dev.caisson.executor.store.Store;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Containers outlive the executor; a new one takes them up as they are. */
class RestartIT {
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  @Test
  void takesUpContainersInEveryState() throws Exception {
    Container created = node.create("created", node.shell("exit 4"));
    Container running = node.started("running", node.spec("sleep", "60"));
    node.started("paused", node.spec("sleep", "60"));
    node.pause("paused");
    node.started("stopped", node.shell("exit 5"));
    node.await("stopped");

    node.restart();

    assertThat(node.get("created")).isEqualTo(created);
    assertThat(node.get("running")).isEqualTo(running);
    assertThat(node.state("paused")).isEqualTo(ContainerState.PAUSED);
    assertThat(node.await("stopped").getCode()).isEqualTo(5);

    node.start("created");
    assertThat(node.await("created").getCode()).isEqualTo(4);
    assertThat(node.exec("running", "true").ended().code()).isZero();
    node.resume("paused");
    assertThat(node.exec("paused", "true").ended().code()).isZero();
    node.signal("running", 9);
    assertThat(node.await("running").getSignal()).isEqualTo(9);
    for (String id : List.of("created", "running", "stopped")) {
      node.delete(id);
    }
    node.delete("paused", true);
    nothingIsLeft();
  }

  private void nothingIsLeft() throws IOException {
    assertThat(
            node.stub().listSandboxes(ListSandboxesRequest.getDefaultInstance()).getSandboxesList())
        .isEmpty();
    try (Stream<Path> left = Files.list(node.run().resolve("sandboxes"))) {
      assertThat(left).isEmpty();
    }
    assertThat(Traces.of(node).cgroups()).allMatch(path -> path.endsWith(node.cgroupParent()));
    assertThat(stored()).isEqualTo(new Loaded(List.of(), List.of(), List.of(), Loaded.Newer.NONE));
  }

  private Path storeLog() {
    return node.data().resolve("store/store.log");
  }

  /** Of a copy: the executor's own is open. */
  private Loaded stored() throws IOException {
    Path copy = Files.createTempDirectory(node.base(), "store");
    Files.copy(storeLog(), copy.resolve("store.log"));
    try (Store store = Store.open(copy)) {
      return store.load();
    }
  }

  /** As where an executor dies between what it does to the cgroup and what it keeps of that. */
  @Test
  void standsStillOrNotAsItsRecordSays() throws Exception {
    Container running = node.started("running", node.spec("sleep", "60"));
    Container paused = node.started("paused", node.spec("sleep", "60"));
    node.pause("paused");
    Cgroups cgroups = Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"));

    node.shut();
    cgroups.open(running.getCgroup()).freeze();
    cgroups.open(paused.getCgroup()).thaw();
    node.open();

    assertThat(node.state("running")).isEqualTo(ContainerState.RUNNING);
    assertThat(Frozen.is(running.getCgroup())).isFalse();
    assertThat(node.exec("running", "true").ended().code()).isZero();
    assertThat(node.state("paused")).isEqualTo(ContainerState.PAUSED);
    assertThat(Frozen.is(paused.getCgroup())).isTrue();
    node.resume("paused");
    assertThat(node.exec("paused", "true").ended().code()).isZero();
  }

  /** As where an executor dies between keeping an end and recording it. */
  @Test
  void recordsAnEndThatMayNotHaveBeenRecorded() throws Exception {
    var spec = node.shell("while [ ! -e /shared/go ]; do :; done; exit 6");
    Path volume = node.share(spec);
    Container container = node.started("c", spec);
    node.shut();
    Files.createFile(volume.resolve("go"));
    TestNode.eventually("it ends", () -> hasEnded(container.getPid()));
    keepEnd(container.getUid(), 6);
    node.open();

    assertThat(node.await("c").getCode()).isEqualTo(6);
    ModelRecord record = new ModelRecord(node);
    node.createSandbox("mark");
    node.deleteSandbox("mark", false);
    assertThat(record.upToDeletionOf("mark"))
        .filteredOn(Event::hasContainerExited)
        .singleElement()
        .extracting(event -> event.getContainerExited().getStatus().getCode())
        .isEqualTo(6);
  }

  /** As where an executor dies while it makes a container in a sandbox of its own. */
  @Test
  void saysWhatCameOfAnIntentBeforeItsSandboxIsDeleted() throws Exception {
    Container container = node.create("c", node.spec("sleep", "60"));
    node.shut();
    Subject subject =
        Subject.newBuilder()
            .setTenant(container.getTenant())
            .setSandboxId(container.getSandboxId())
            .setSandboxUid(container.getSandboxUid())
            .setContainerId(container.getId())
            .setContainerUid(container.getUid())
            .build();
    try (Store store = Store.open(node.data().resolve("store"))) {
      store.removeContainer(container.getUid());
    }
    leaveIntent(Event.newBuilder().setSubject(subject));
    node.open();

    ModelRecord record = new ModelRecord(node); // which finds no gap
    List<Event> events = record.upToDeletionOf("c");
    ModelRecord.isComplete(events);
    assertThat(events.getLast().hasSandboxDeleted()).isTrue();
    assertThat(events.getLast().getSandboxSeq()).isGreaterThan(1);
    nothingIsLeft();
  }

  private void leaveIntent(Event.Builder event) throws IOException {
    try (Journal journal =
        Journal.open(
            JournalSettings.defaults(node.data().resolve("journal"), "node-1"),
            Signing.usual(SigningKey.of(node.data())),
            Clock.systemUTC(),
            () -> UUID.randomUUID().toString().substring(0, 16).getBytes(StandardCharsets.US_ASCII),
            ExecutorStarted.getDefaultInstance(),
            new Disk())) {
      var _ = journal.intent(event.setContainerCreated(ContainerCreated.getDefaultInstance()));
    }
  }

  /**
   * It had kept how the container ended, and had come neither to telling that nor to what it was
   * about: the loss of the sandbox.
   */
  @Test
  void tellsOfALossInWhichItDied() throws Exception {
    node.createSandbox("s");
    Sandbox sandbox = node.sandbox("s");
    Container container = node.createIn("s", "c", node.spec("sleep", "60"));
    node.start("c");
    node.shut();
    assertThat(ProcessHandle.of(sandbox.getInitPid()).map(ProcessHandle::destroyForcibly))
        .contains(true);
    TestNode.eventually("it ends", () -> hasEnded(container.getPid()));
    keep(container.getUid(), ExitStatus.newBuilder().setSignal(9).setLost(true).build());
    node.open();

    assertThat(node.await("c").getLost()).isTrue();
    node.shut(); // now it is kept that all was told
    node.open();
    node.deleteSandbox("s", true);
    List<Event> events = new ModelRecord(node).upToDeletionOf("s");
    assertThat(events).filteredOn(Event::hasSandboxLost).hasSize(1);
    assertThat(events)
        .filteredOn(Event::hasContainerExited)
        .singleElement()
        .satisfies(event -> assertThat(event.getContainerExited().getStatus().getLost()).isTrue());
    nothingIsLeft();
  }

  /** Of the ends that were kept before, only the last may not have been told. */
  @Test
  void tellsOnlyTheLastEndAgainOfASandboxThatIsLost() throws Exception {
    node.createSandbox("s");
    Sandbox sandbox = node.sandbox("s");
    for (String id : List.of("first", "second")) {
      Container container = node.createIn("s", id, node.spec("true"));
      node.start(id);
      assertThat(node.await(id).getCode()).as(container.getUid()).isZero();
    }
    node.shut();
    assertThat(ProcessHandle.of(sandbox.getInitPid()).map(ProcessHandle::destroyForcibly))
        .contains(true);
    TestNode.eventually("it ends", () -> hasEnded(sandbox.getInitPid()));
    node.open();
    node.shut();
    node.open();

    assertThat(node.await("second").getCode()).isZero();
    node.deleteSandbox("s", true);
    List<Event> events = new ModelRecord(node).upToDeletionOf("s");
    assertThat(events).filteredOn(Event::hasSandboxLost).hasSize(1);
    assertThat(events)
        .filteredOn(Event::hasContainerExited)
        .extracting(event -> event.getSubject().getContainerId())
        .containsExactly("first", "second", "second");
    nothingIsLeft();
  }

  private void keepEnd(String uid, int code) {
    keep(uid, ExitStatus.newBuilder().setCode(code).build());
  }

  private void keep(String uid, ExitStatus exit) {
    try (Store store = Store.open(node.data().resolve("store"))) {
      ContainerRecord record =
          store.load().containers().stream()
              .filter(one -> one.getUid().equals(uid))
              .findFirst()
              .orElseThrow();
      store.put(
          record.toBuilder().setState(ContainerState.STOPPED).setPid(0).setExit(exit).build());
    }
  }

  @Test
  void knowsWhatEndedWhileItWasAway() throws Exception {
    var spec = node.shell("while [ ! -e /shared/go ]; do :; done; exit 6");
    Path volume = node.share(spec);
    Container container = node.started("c", spec);
    var exec = node.exec("c", "sleep", "60");
    String process = exec.execStarted().getId();

    node.shut();
    Files.createFile(volume.resolve("go"));
    TestNode.eventually("it ends", () -> hasEnded(container.getPid()));
    node.open();

    assertThat(node.await("c").getCode()).isEqualTo(6);
    assertThat(node.await("c", process).getSignal()).isEqualTo(9);
    assertThat(node.state("c")).isEqualTo(ContainerState.STOPPED);
    node.delete("c");
    nothingIsLeft();
  }

  @Test
  void endsASandboxWhoseRootEndedWhileItWasAway() throws Exception {
    Container root = node.started("root", node.spec("sleep", "60"));
    node.createIn("root", "other", node.spec("sleep", "60"));
    node.start("other");

    node.shut();
    OnNode.onHost("kill", "-9", Integer.toString(root.getPid()));
    TestNode.eventually("it ends", () -> hasEnded(root.getPid()));
    node.open();

    assertThat(node.await("other").getSignal()).isEqualTo(9);
    node.delete("root", true);
    nothingIsLeft();
  }

  private static boolean hasEnded(int pid) {
    return !Files.exists(Path.of("/proc/" + pid));
  }

  @Test
  void keepsStreamsOfWhatRuns() throws Exception {
    piped("c", "echo before; cat; exit 3");
    node.start("c");
    node.restart();
    var call = node.attach("c").awaitOutput("before").input("after").closeInput();

    assertThat(call.ended().out()).isEqualTo("before\nafter");
    assertThat(call.ended().code()).isEqualTo(3);
  }

  @Test
  void keepsOutputOfWhatEnded() throws Exception {
    piped("before", "echo early");
    node.start("before");
    node.await("before");
    piped("while", "while [ ! -e /tmp/go ]; do :; done; echo late");
    int pid = node.start("while").getPid();
    Path go = node.rootfs().resolve("tmp/go");
    node.shut();
    Files.createFile(go);
    TestNode.eventually("it ends", () -> hasEnded(pid));
    node.open();

    assertThat(node.attach("before").ended().out()).isEqualTo("early\n");
    assertThat(node.attach("while").ended().out()).isEqualTo("late\n");
    Files.delete(go);
  }

  private String exitsWith(int code) {
    var call = node.exec("c", "sh", "-c", "exit " + code);
    assertThat(call.ended().code()).isEqualTo(code);
    return call.execStarted().getId();
  }

  private void isKnown(String process, int code) {
    assertThat(node.await("c", process).getCode()).isEqualTo(code);
  }

  private void isNotKnown(String process) {
    Problem.of(() -> node.await("c", process)).is(Status.Code.NOT_FOUND, Reason.PROCESS_NOT_FOUND);
  }

  /** As a probe does that comes for ever. */
  @Test
  void keepsTheNewestExecutedProcessesThatEnded() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    var running = node.exec("c", "cat");
    String first = running.execStarted().getId();
    List<String> ended = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      ended.add(exitsWith(i));
    }
    assertThat(running.closeInput().ended().code()).isZero();
    ended.add(exitsWith(200)); // and makes room

    for (int life = 0; life < 2; life++) {
      ContainerRecord record = stored().containers().getFirst();
      assertThat(record.getExecsList()).hasSize(65);
      isKnown(first, 0);
      for (int i = 0; i < ended.size(); i++) {
        if (i < 201 - 64) {
          isNotKnown(ended.get(i));
        } else {
          isKnown(ended.get(i), i);
        }
      }
      node.restart();
    }
    ended.add(exitsWith(201));
    isNotKnown(ended.get(201 - 64));
    isKnown(ended.get(201 - 63), 201 - 63);
    node.delete("c", true);
    nothingIsLeft();
  }

  /** It waits until the file is there. */
  private ProcessInfo leaveToItself(String file, String text) {
    String script = "while [ ! -e /tmp/" + file + " ]; do :; done; echo " + text;
    var call = node.exec("c", "sh", "-c", script);
    ProcessInfo process = call.execStarted();
    call.detach().awaitCompleted();
    return process;
  }

  @Test
  void keepsOutputOfExecutedProcessesThatEnded() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    long before = heldDescriptors();
    ProcessInfo early = leaveToItself("go3", "early");
    ProcessInfo late = leaveToItself("go4", "late");
    Path go = Files.createFile(node.rootfs().resolve("tmp/go3"));
    assertThat(node.await("c", early.getId()).getCode()).isZero();
    node.shut();
    Path later = Files.createFile(node.rootfs().resolve("tmp/go4"));
    TestNode.eventually("it ends", () -> hasEnded(late.getPid()));
    node.open();
    node.restart();

    assertThat(node.attach("c", early.getId()).ended().out()).isEqualTo("early\n");
    assertThat(node.attach("c", late.getId()).ended().out()).isEqualTo("late\n");
    TestNode.eventually("it is dropped", () -> heldDescriptors() == before);
    Files.delete(go);
    Files.delete(later);
  }

  @Test
  void dropsOutputThatNobodyComesForAfterARestart() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    long before = heldDescriptors();
    ProcessInfo process = leaveToItself("go5", "x");
    Path go = Files.createFile(node.rootfs().resolve("tmp/go5"));
    assertThat(node.await("c", process.getId()).getCode()).isZero();
    assertThat(heldDescriptors()).isGreaterThan(before);
    node.shut();
    node.lease(Duration.ofMillis(300)).open();
    TestNode.eventually("it is dropped", () -> heldDescriptors() == before);
    assertThat(node.attach("c", process.getId()).ended().out()).isEmpty();
    Files.delete(go);
  }

  /** By the caisson-init of container c's sandbox. */
  private long heldDescriptors() {
    var box = GetSandboxRequest.newBuilder().setTenant(TestNode.TENANT).setSandboxId("c").build();
    try (Stream<Path> open =
        Files.list(Path.of("/proc/" + node.stub().getSandbox(box).getInitPid() + "/fd"))) {
      return open.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void inputThatHasEndedStaysEnded() throws Exception {
    piped("c", "cat; while [ ! -e /tmp/go2 ]; do :; done; cat; echo end");
    node.start("c");
    var first = node.attach("c").input("one").closeInput().awaitOutput("one");
    first.cancel();
    node.restart();
    Path go = Files.createFile(node.rootfs().resolve("tmp/go2"));
    assertThat(node.attach("c").ended().out()).isEqualTo("end\n");
    Files.delete(go);
  }

  private void piped(String id, String script) {
    var _ =
        node.stub()
            .createContainer(node.request(id, node.shell(script)).setStdio(StdioMode.PIPE).build());
  }

  @Test
  void takesUpExecutedProcesses() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    String process = node.exec("c", "sleep", "60").execStarted().getId();
    node.restart();
    var _ =
        node.stub().signal(TestNode.signalRequest("c").setProcessId(process).setSignal(15).build());
    assertThat(node.await("c", process).getSignal()).isEqualTo(15);
    assertThat(node.exec("c", "true").ended().code()).isZero();
    node.restart();
    assertThat(node.await("c", process).getSignal()).isEqualTo(15);
  }

  @Test
  void takesUpASandboxOfMany() throws Exception {
    node.createSandbox("box");
    node.createIn("box", "a", node.spec("sleep", "60"));
    node.createIn("box", "b", node.spec("sleep", "60"));
    node.start("a");
    node.restart();
    node.start("b");
    node.createIn("box", "c", node.spec("true"));
    node.start("c");
    assertThat(node.await("c").getCode()).isZero();
    node.deleteSandbox("box", true);
    nothingIsLeft();
  }

  @Test
  void remembersRequestIds() throws Exception {
    var request =
        node.request("c", node.spec("sleep", "60")).setActor(TestNode.actor("r1")).build();
    String uid = node.stub().createContainer(request).getUid();
    node.restart();
    assertThat(node.stub().createContainer(request).getUid()).isEqualTo(uid);
  }

  @Test
  void idsOfUsersStayApart() throws Exception {
    node.started("a", node.spec("sleep", "60"));
    node.restart();
    node.started("b", node.spec("sleep", "60"));
    assertThat(node.exec("a", "cat", "/proc/self/uid_map").ended().out())
        .isNotEqualTo(node.exec("b", "cat", "/proc/self/uid_map").ended().out());
  }

  @Test
  void endsARunWhoseCallerDoesNotComeBack() throws Exception {
    node.shut();
    node.lease(Duration.ofMillis(200)).open();
    var run = node.runAttached(node.request("c", node.spec("sleep", "60")).build());
    run.started();
    run.cancel();
    TestNode.eventually("its lease ends", () -> isGoneWithItsSandbox("c"));
    nothingIsLeft();
  }

  @Test
  void aLeaseHoldsAcrossARestart() throws Exception {
    var run = node.runAttached(node.request("c", node.spec("sleep", "60")).build());
    run.started();
    var kept = node.started("kept", node.spec("sleep", "60"));
    node.shut();
    node.lease(Duration.ofMillis(200)).open();
    TestNode.eventually("its lease ends", () -> isGoneWithItsSandbox("c"));
    assertThat(node.get("kept")).isEqualTo(kept);
  }

  @Test
  void anAttachRenewsTheLeaseAndItsEndBeginsIt() throws Exception {
    node.shut();
    Duration lease = Duration.ofSeconds(3);
    node.lease(lease).open();
    var run = node.runAttached(node.request("c", node.shell("echo hello; cat")).build());
    run.awaitOutput("hello").cancel();
    var attached = new Object[1];
    TestNode.eventually(
        "attached",
        () -> {
          var call = node.attach("c").input("more");
          attached[0] = call;
          try {
            call.awaitOutput("more");
            return true;
          } catch (AssertionError busy) {
            return false;
          }
        });
    long began = System.nanoTime();
    TestNode.eventually("twice the lease", () -> System.nanoTime() - began > 2 * lease.toNanos());
    assertThat(node.state("c")).isEqualTo(ContainerState.RUNNING);
    ((AttachedClient<?, ?>) attached[0]).cancel();
    TestNode.eventually("its lease ends", () -> isGoneWithItsSandbox("c"));
  }

  private boolean isGone(String id) {
    try {
      node.get(id);
      return false;
    } catch (io.grpc.StatusRuntimeException e) {
      Problem.of(e).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
      return true;
    }
  }

  /** The container, and the sandbox that was made for it. */
  private boolean isGoneWithItsSandbox(String id) {
    return isGone(id)
        && node
            .stub()
            .listSandboxes(ListSandboxesRequest.getDefaultInstance())
            .getSandboxesList()
            .stream()
            .noneMatch(sandbox -> sandbox.getId().equals(id));
  }

  // ---- What a crash leaves

  @Test
  void removesASandboxThatWasBeingMade() throws Exception {
    Container container = node.started("c", node.spec("sleep", "60"));
    node.shut();
    Files.delete(storeLog());
    node.open();
    TestNode.eventually("its process ends", () -> hasEnded(container.getPid()));
    nothingIsLeft();
  }

  @Test
  void removesAContainerThatWasBeingMade() throws Exception {
    Container half = node.create("half", node.spec("sleep", "60"));
    node.createSandbox("box");
    Container inBox = node.createIn("box", "b", node.spec("sleep", "60"));
    node.shut();
    try (Store store = Store.open(node.data().resolve("store"))) {
      store.load().containers().forEach(record -> store.removeContainer(record.getUid()));
    }
    node.open();

    TestNode.eventually("both end", () -> hasEnded(half.getPid()) && hasEnded(inBox.getPid()));
    assertThat(isGone("half")).isTrue();
    var box = GetSandboxRequest.newBuilder().setTenant(TestNode.TENANT).setSandboxId("box").build();
    assertThat(node.stub().getSandbox(box).getContainersList()).isEmpty();
    node.createIn("box", "b", node.spec("true"));
    node.start("b");
    assertThat(node.await("b").getCode()).isZero();
    node.deleteSandbox("box", true);
    nothingIsLeft();
  }

  @Test
  void aRecordThatCannotBeReadStopsNoOther() throws Exception {
    node.started("good", node.spec("sleep", "60"));
    node.shut();
    String records = Files.readString(storeLog(), StandardCharsets.ISO_8859_1);
    Files.writeString(storeLog(), "nonsense" + records, StandardCharsets.ISO_8859_1);
    node.open();
    assertThat(node.exec("good", "true").ended().code()).isZero();
    try (Stream<Path> files = Files.list(node.data().resolve("store/quarantine"))) {
      assertThat(files).singleElement().satisfies(f -> assertThat(f).hasContent("nonsense"));
    }
    node.delete("good", true);
    nothingIsLeft();
  }

  @Test
  void aTornRecordStopsNoOther() throws Exception {
    node.started("good", node.spec("sleep", "60"));
    node.shut();
    byte[] records = Files.readAllBytes(storeLog());
    Files.write(storeLog(), Arrays.copyOf(records, 30), StandardOpenOption.APPEND);
    node.open();
    assertThat(node.exec("good", "true").ended().code()).isZero();
    node.delete("good", true);
    nothingIsLeft();
  }

  @Test
  void letsNoTwoExecutorsShareADirectory() {
    assertThatThrownBy(node::open).isInstanceOf(IllegalStateException.class);
  }

  // ---- caisson-init is killed

  @Test
  void aSandboxWhoseInitIsKilledIsLost() throws Exception {
    var sandbox = node.createSandbox("box");
    node.createIn("box", "created", node.spec("sleep", "60"));
    node.createIn("box", "running", node.spec("sleep", "60"));
    Container running = node.start("running");
    var exec = node.exec("running", "sleep", "60");
    exec.execStarted();
    kill(sandbox.getInitPid());

    for (String id : List.of("created", "running")) {
      var status = node.await(id);
      assertThat(status.getLost()).isTrue();
      assertThat(status.getSignal()).isEqualTo(9);
      assertThat(node.state(id)).isEqualTo(ContainerState.STOPPED);
    }
    assertThat(exec.ended().status().getLost()).isTrue();
    assertThat(hasEnded(running.getPid())).isTrue();
    Problem.of(() -> node.createIn("box", "next", node.spec("true")))
        .is(Status.Code.FAILED_PRECONDITION, Reason.SANDBOX_LOST);
    node.restart();
    assertThat(node.await("running").getLost()).isTrue();
    node.delete("running");
    node.deleteSandbox("box", true);
    nothingIsLeft();
  }

  @Test
  void aSandboxWhoseInitWasKilledWhileItWasAwayIsLost() throws Exception {
    var sandbox = node.createSandbox("box");
    node.createIn("box", "c", node.spec("sleep", "60"));
    node.start("c");
    node.shut();
    kill(sandbox.getInitPid());
    TestNode.eventually(
        "it ends", () -> hasEnded(sandbox.getInitPid()) || isZombie(sandbox.getInitPid()));
    node.open();

    assertThat(node.await("c").getLost()).isTrue();
    node.delete("c");
    node.deleteSandbox("box", false);
    nothingIsLeft();
  }

  /** Whoever has the numbers now is somebody else. */
  @Test
  void numbersThatAreAnothersByNowAreNotTouched() throws Exception {
    int init = node.createSandbox("box").getInitPid();
    node.createIn("box", "c", node.spec("sleep", "60"));
    node.start("c");
    node.shut();
    kill(init);
    TestNode.eventually("it ends", () -> hasEnded(init) || isZombie(init));
    java.lang.Process stranger = new ProcessBuilder("sleep", "60").start();
    try {
      int number = (int) stranger.pid();
      try (Store store = Store.open(node.data().resolve("store"))) {
        var loaded = store.load();
        loaded
            .sandboxes()
            .forEach(record -> store.put(record.toBuilder().setInitPid(number).build()));
        loaded.containers().forEach(record -> store.put(record.toBuilder().setPid(number).build()));
      }
      node.open();
      assertThat(node.state("c")).isEqualTo(ContainerState.STOPPED);
      node.deleteSandbox("box", true);
      assertThat(stranger.isAlive()).isTrue();
      nothingIsLeft();
    } finally {
      stranger.destroyForcibly().waitFor();
    }
  }

  @Test
  void aRunWhoseInitIsKilledEnds() throws Exception {
    var run = node.runAttached(node.request("c", node.spec("sleep", "60")).build());
    run.started();
    var box = GetSandboxRequest.newBuilder().setTenant(TestNode.TENANT).setSandboxId("c").build();
    kill(node.stub().getSandbox(box).getInitPid());
    assertThat(run.ended().status().getLost()).isTrue();
    nothingIsLeft();
  }

  private static boolean isZombie(int pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/stat")).contains(") Z ");
    } catch (IOException e) {
      return true;
    }
  }

  private static void kill(int pid) throws Exception {
    assertThat(new ProcessBuilder("kill", "-9", Integer.toString(pid)).start().waitFor()).isZero();
  }
}
