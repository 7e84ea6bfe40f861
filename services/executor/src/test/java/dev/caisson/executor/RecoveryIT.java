package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.cgroup.Owner;
import dev.caisson.executor.store.Loaded;
import dev.caisson.executor.store.Store;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the executor makes of records that it cannot read or take up, and of losses. */
class RecoveryIT {
  // Of a frame of the store.
  private static final int CRC_AT = 8;
  private static final int LENGTH_AT = 12;
  private static final int HEAD_BYTES = 16;
  private static final int VERSION_AT = 17;
  private static final int KIND_AT = 18;
  private static final int SANDBOX = 1;
  private static final int CONTAINER = 2;

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

  private Path storeLog() {
    return node.data().resolve("store/store.log");
  }

  /** Changes each frame of a kind that is about this uid. */
  private void change(int kind, String uid, Consumer<byte[]> change) throws IOException {
    byte[] log = Files.readAllBytes(storeLog());
    ByteBuffer changed = ByteBuffer.allocate(log.length);
    int found = 0;
    for (int at = 0; at < log.length; ) {
      byte[] frame = new byte[HEAD_BYTES + ByteBuffer.wrap(log).getInt(at + LENGTH_AT)];
      System.arraycopy(log, at, frame, 0, frame.length);
      int uidLength = frame[KIND_AT + 1];
      if (frame[KIND_AT] == kind
          && new String(frame, KIND_AT + 2, uidLength, US_ASCII).equals(uid)) {
        change.accept(frame);
        found++;
      }
      changed.put(frame);
      at += frame.length;
    }
    assertThat(found).isPositive();
    Files.write(storeLog(), changed.array());
  }

  private void rewrite(int kind, String uid, int version) throws IOException {
    change(
        kind,
        uid,
        frame -> {
          frame[VERSION_AT] = (byte) version;
          CRC32C crc = new CRC32C();
          crc.update(frame, LENGTH_AT, frame.length - LENGTH_AT);
          ByteBuffer.wrap(frame).putInt(CRC_AT, (int) crc.getValue());
        });
  }

  private List<String> sentences(String of) {
    return node.stub().getNode(GetNodeRequest.getDefaultInstance()).getMissingList().stream()
        .filter(sentence -> sentence.contains(of))
        .toList();
  }

  private List<String> recovered() throws Exception {
    return Recorded.of(node).stream()
        .filter(Event::hasRecovered)
        .map(event -> event.getRecovered().getFound())
        .toList();
  }

  private static boolean runs(int pid) {
    return Files.exists(Path.of("/proc/" + pid));
  }

  private void works(String id) {
    assertThat(node.exec(id, "echo", "there").ended().out()).isEqualTo("there\n");
  }

  /** Of a copy: the executor's own is open. */
  private Loaded stored() throws IOException {
    Path copy = Files.createTempDirectory(node.base(), "store");
    Files.copy(storeLog(), copy.resolve("store.log"));
    try (Store store = Store.open(copy)) {
      return store.load();
    }
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

  // ---- Records that cannot be read

  @Test
  void aSandboxWhoseRecordIsBrokenIsEndedAndToldOf() throws Exception {
    node.started("good", node.spec("sleep", "60"));
    Container bad = node.started("bad", node.spec("sleep", "60"));
    node.shut();
    change(SANDBOX, bad.getSandboxUid(), frame -> frame[frame.length - 1] ^= 1);
    node.open();

    works("good");
    assertThat(runs(bad.getPid())).isFalse();
    assertThat(sentences("its checksum does not match")).isNotEmpty();
    assertThat(recovered())
        .anyMatch(found -> found.contains("its checksum does not match"))
        .anyMatch(found -> found.contains("removed: " + bad.getSandboxUid()));
    assertThat(stored().containers()).as("but for the good one's").hasSize(1);
    node.restart();
    assertThat(sentences("its checksum")).as("told of once").isEmpty();
    node.delete("good", true);
    nothingIsLeft();
  }

  private void isLeftAlone(Container theirs) throws Exception {
    assertThat(runs(theirs.getPid())).isTrue();
    assertThat(sentences("made by a newer executor"))
        .singleElement()
        .satisfies(sentence -> assertThat(sentence).startsWith("Sandbox theirs of tenant acme "));
    assertThat(recovered()).anyMatch(found -> found.contains("made by a newer executor"));
    Problem.of(() -> node.get("theirs")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    Problem.of(() -> node.create("theirs", node.spec("true")))
        .is(Status.Code.ALREADY_EXISTS, Reason.CONTAINER_EXISTS);
    works("ours");
  }

  private void leavesAloneWhatIsNewer(int kind, String uid, Container theirs) throws Exception {
    node.shut();
    rewrite(kind, uid, 2);
    node.open();
    isLeftAlone(theirs);
    String map = node.exec("ours", "cat", "/proc/self/uid_map").ended().out();
    node.started("more", node.spec("sleep", "60"));
    assertThat(
            Set.of(
                map,
                node.exec("more", "cat", "/proc/self/uid_map").ended().out(),
                Files.readString(Path.of("/proc/" + theirs.getPid() + "/uid_map"))))
        .as("nobody has another's ids")
        .hasSize(3);
    node.delete("more", true);
    node.restart();
    isLeftAlone(theirs);

    node.shut();
    rewrite(kind, uid, 1);
    node.open(); // the newer one
    assertThat(node.get("theirs")).isEqualTo(theirs);
    works("theirs");
    node.delete("theirs", true);
    node.delete("ours", true);
    nothingIsLeft();
  }

  @Test
  void aSandboxOfANewerExecutorIsLeftAlone() throws Exception {
    node.started("ours", node.spec("sleep", "60"));
    Container theirs = node.started("theirs", node.spec("sleep", "60"));
    leavesAloneWhatIsNewer(SANDBOX, theirs.getSandboxUid(), theirs);
  }

  @Test
  void theSandboxOfANewerContainerIsLeftAlone() throws Exception {
    node.started("ours", node.spec("sleep", "60"));
    Container theirs = node.started("theirs", node.spec("sleep", "60"));
    leavesAloneWhatIsNewer(CONTAINER, theirs.getUid(), theirs);
  }

  @Test
  void theRecordOfAContainerWithoutASandboxIsRemoved() throws Exception {
    Container orphan = node.started("orphan", node.spec("sleep", "60"));
    node.shut();
    try (Store store = Store.open(node.data().resolve("store"))) {
      store.removeSandbox(orphan.getSandboxUid());
    }
    node.open();
    assertThat(runs(orphan.getPid())).isFalse();
    nothingIsLeft();
  }

  private void change(String uid, Consumer<ContainerRecord.Builder> change) {
    try (Store store = Store.open(node.data().resolve("store"))) {
      ContainerRecord.Builder record =
          store.load().containers().stream()
              .filter(one -> one.getUid().equals(uid))
              .findFirst()
              .orElseThrow()
              .toBuilder();
      change.accept(record);
      store.put(record.build());
    }
  }

  /** As by a later executor's compiler, which may refuse what an earlier one took. */
  private static void refusable(ContainerRecord.Builder record) {
    record.getSpecBuilder().getProcessBuilder().addRlimitsBuilder().setType("RLIMIT_OTHER");
  }

  /** As where it dies between the cgroup of a container and its record, or of a sandbox. */
  @Test
  void cgroupsOfWhatWasBeingMadeAreCollectedInEveryHierarchy() throws Exception {
    Sandbox pod = node.createSandbox("pod");
    node.createIn("pod", "c", node.spec("sleep", "60"));
    node.start("c");
    node.shut();
    Cgroups cgroups = Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"));
    String uid = UUID.randomUUID().toString();
    Files.createDirectories(node.run().resolve("sandboxes").resolve(uid));
    List<String> left =
        List.of(pod.getCgroup() + "/ctr-" + uid, node.cgroupParent() + "/sandbox-" + uid);
    List<Process> processes = new ArrayList<>();
    for (String path : left) {
      processes.add(occupied(cgroups.create(path, Resources.getDefaultInstance(), Owner.ROOT)));
    }
    node.open();

    for (Process process : processes) {
      assertThat(process.waitFor()).isEqualTo(128 + 9);
    }
    assertThat(left).map(cgroups::occupancy).containsOnly(Cgroups.Occupancy.NONE);
    works("c");
    assertThat(recovered()).anyMatch(found -> found.contains("belongs to no container, removed"));
    node.deleteEverything();
    nothingIsLeft();
  }

  /** By a process of the host's, in each hierarchy. */
  private static Process occupied(Cgroup cgroup) throws IOException {
    Process process = new ProcessBuilder("sleep", "600").start();
    for (Path directory :
        Stream.concat(
                cgroup.joins().stream().map(Cgroup.Join::directory),
                cgroup.birthDirectory().stream())
            .toList()) {
      Files.writeString(directory.resolve("cgroup.procs"), Long.toString(process.pid()));
    }
    return process;
  }

  @Test
  void whatCannotBeTakenUpStopsNoSibling() throws Exception {
    node.createSandbox("box");
    Container bad = node.createIn("box", "bad", node.spec("sleep", "60"));
    Container started = node.createIn("box", "started", node.spec("sleep", "60"));
    node.createIn("box", "good", node.spec("sleep", "60"));
    node.createIn("box", "later", node.spec("sleep", "60"));
    node.start("started");
    node.start("good");
    node.shut();
    change(bad.getUid(), RecoveryIT::refusable);
    change(started.getUid(), RecoveryIT::refusable);
    Set<Integer> before = openPidfds();
    node.open();

    works("good");
    assertThat(node.state("started")).isEqualTo(ContainerState.RUNNING);
    node.start("later");
    assertThat(sentences("could not be taken up")).singleElement().asString().contains("bad");
    Problem.of(() -> node.start("bad"))
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE)
        .says("could not be taken up");
    node.signal("started", 9);
    assertThat(node.await("started").getSignal()).isEqualTo(9);
    node.delete("bad", true);
    assertThat(runs(bad.getPid())).isFalse();
    assertThat(sentences("could not be taken up")).isEmpty();
    node.deleteSandbox("box", true);
    nothingIsLeft();
    node.shut();
    TestNode.eventually("no pidfd is left", () -> openPidfds().size() <= before.size());
    node.open();
  }

  private static Set<Integer> openPidfds() {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(RecoveryIT::isPidfd)
          .map(path -> Integer.parseInt(path.getFileName().toString()))
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isPidfd(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().contains("pidfd");
    } catch (IOException e) {
      return false; // the one that lists the others
    }
  }

  /** Of what an earlier life had begun to delete; where it wrote cannot be found for a while. */
  @Test
  void aDeletionThatCannotBeFinishedKeepsNoOther() throws Exception {
    Path uppers = Files.createDirectories(node.base().resolve("images/uppers"));
    node.createSandbox("box");
    List<Container> all = new ArrayList<>();
    for (String id : List.of("a", "b", "c", "d")) {
      ContainerSpec.Builder spec = node.spec("sleep", "60");
      spec.getRootBuilder()
          .getOverlayBuilder()
          .setMedium(RootFilesystem.Overlay.Medium.DIR)
          .setDirectory(uppers.toString());
      all.add(node.createIn("box", id, spec));
    }
    node.shut();
    Path notes = node.data().resolve("uppers");
    for (Container one : all) {
      change(one.getUid(), record -> record.setDeleting(true));
      Files.move(notes.resolve(one.getUid()), node.base().resolve(one.getUid()));
      Files.createDirectory(notes.resolve(one.getUid())); // is no note
    }
    node.open();
    TestNode.eventually("each is tried", () -> all.stream().noneMatch(one -> runs(one.getPid())));
    for (Container one : all) {
      Files.delete(notes.resolve(one.getUid()));
      Files.move(node.base().resolve(one.getUid()), notes.resolve(one.getUid()));
    }
    TestNode.eventually("all are gone", () -> all.stream().allMatch(one -> isGone(one.getId())));
    assertThat(uppers).isEmptyDirectory();
    node.deleteSandbox("box", true);
    nothingIsLeft();
  }

  private boolean isGone(String id) {
    try {
      node.get(id);
      return false;
    } catch (StatusRuntimeException e) {
      Problem.of(e).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
      return true;
    }
  }

  // ---- Ends

  /** As where an executor dies between keeping an end and recording it. */
  @Test
  void tellsAgainThatMemoryRanOut() throws Exception {
    var spec = node.shell("while [ ! -e /shared/go ]; do :; done; exit 6");
    Path volume = node.share(spec);
    Container container = node.started("c", spec);
    node.shut();
    Files.createFile(volume.resolve("go"));
    TestNode.eventually("it ends", () -> !runs(container.getPid()));
    change(
        container.getUid(),
        record ->
            record
                .setState(ContainerState.STOPPED)
                .setPid(0)
                .setExit(ExitStatus.newBuilder().setCode(6).setOutOfMemory(true)));
    node.open();
    assertThat(node.await("c").getCode()).isEqualTo(6);
    assertThat(Recorded.of(node)).filteredOn(Event::hasOomKilled).hasSize(1);
  }

  private ContainerSpec.Builder small(String script) {
    return node.shell(script)
        .setResources(
            Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(16 << 20)));
  }

  /** Of two in a sandbox, whose limits are their own. */
  @Test
  void memoryRunsOutForTheContainerThatUsesIt() throws Exception {
    node.createSandbox("box");
    ContainerSpec.Builder waits = small("while [ ! -e /shared/go ]; do :; done; exit 7");
    Path volume = node.share(waits);
    node.createIn("box", "sibling", waits);
    Container greedy = node.createIn("box", "greedy", small("exec tail -c 64m /dev/zero"));
    node.start("sibling");
    node.start("greedy");

    ExitStatus killed = node.await("greedy");
    assertThat(killed.getSignal()).isEqualTo(9);
    assertThat(killed.getOutOfMemory()).isTrue();
    works("sibling");
    Files.createFile(volume.resolve("go"));
    ExitStatus ended = node.await("sibling");
    assertThat(ended.getCode()).isEqualTo(7);
    assertThat(ended.getOutOfMemory()).isFalse();
    assertThat(Recorded.of(node))
        .filteredOn(Event::hasOomKilled)
        .singleElement()
        .satisfies(event -> {
          assertThat(event.getSubject().getContainerUid()).isEqualTo(greedy.getUid());
          assertThat(event.getOomKilled().getKills()).isPositive();
        });
    node.deleteSandbox("box", true);
    nothingIsLeft();
  }

  /** Nothing that ran is there, nor what was in /run and in the cgroups. */
  private void reboot(Container... running) throws Exception {
    node.shut();
    Cgroups cgroups = Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"));
    cgroups.open(node.cgroupParent()).kill();
    for (Container container : running) {
      TestNode.eventually("it ends", () -> !runs(container.getPid()));
    }
    try (Store store = Store.open(node.data().resolve("store"))) {
      Loaded loaded = store.load();
      loaded.sandboxes().forEach(one -> store.put(one.toBuilder().setBootId("before").build()));
    }
    assertThat(cgroups.open(node.cgroupParent()).awaitEmpty(TestNode.PATIENCE)).isTrue();
    cgroups.open(node.cgroupParent()).remove();
    OnNode.onHost("rm", "-r", node.run().resolve("sandboxes").toString());
    node.open();
  }

  @Test
  void whatRanBeforeTheHostRestartedIsLost() throws Exception {
    Container root = node.started("root", node.spec("sleep", "60"));
    node.createSandbox("box");
    node.createIn("box", "created", node.spec("sleep", "60"));
    node.createIn("box", "running", node.spec("sleep", "60"));
    node.started("stopped", node.shell("exit 5"));
    node.await("stopped");
    Container running = node.start("running");
    reboot(root, running);

    for (String id : List.of("root", "created", "running")) {
      assertThat(node.state(id)).isEqualTo(ContainerState.STOPPED);
      assertThat(node.await(id).getLost()).isTrue();
    }
    assertThat(node.await("stopped").getCode()).isEqualTo(5);
    assertThat(Recorded.of(node))
        .filteredOn(Event::hasSandboxLost)
        .hasSize(3)
        .allMatch(event -> event.getSandboxLost().getCause().equals("host-restarted"));
    Problem.of(() -> node.createIn("box", "next", node.spec("true")))
        .is(Status.Code.FAILED_PRECONDITION, Reason.SANDBOX_LOST);
    assertThat(Traces.of(node).cgroups()).allMatch(path -> path.endsWith(node.cgroupParent()));
    node.restart();
    assertThat(node.await("running").getLost()).isTrue();
    node.delete("root");
    node.delete("stopped");
    node.deleteSandbox("box", true);
    nothingIsLeft();
  }

  // ---- Hooks

  private Path hook(String script) throws IOException {
    Path hook = node.base().resolve("hooks/hook");
    Files.writeString(hook, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
    node.allow("hook = " + hook);
    return hook;
  }

  /** Of an executor that can be killed: a hook that waits at this moment until it may go on. */
  private Path waitingAt(String moment) throws Exception {
    node.close();
    node = TestNode.launchApart();
    Path hook =
        hook(
            "echo $1 >> %s; while [ $1 = %s ] && [ ! -e %s ]; do sleep 0.1; done"
                .formatted(said(), moment, node.base().resolve("go")));
    node.shut();
    node.open();
    return hook;
  }

  private Path said() {
    return node.base().resolve("said");
  }

  private ContainerSpec.Builder hooked(Path hook) {
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getHooksBuilder()
        .addCreateRuntimeBuilder()
        .setPath(hook.toString())
        .addArgs("hook")
        .addArgs("create");
    spec.getHooksBuilder()
        .addPoststopBuilder()
        .setPath(hook.toString())
        .addArgs("hook")
        .addArgs("stop");
    return spec;
  }

  private static boolean says(Path file, String words) {
    try {
      return Files.exists(file) && Files.readString(file).contains(words);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void hooksOfTheEndRunWhereTheExecutorDiedInOneOfTheCreation() throws Exception {
    Path hook = waitingAt("create");
    Path said = said();
    var creation = node.future().createContainer(node.request("c", hooked(hook)).build());
    TestNode.eventually("its hook runs", () -> says(said, "create"));
    node.replace(true);
    assertThat(creation).failsWithin(TestNode.PATIENCE);
    TestNode.eventually("its hook of the end has run", () -> says(said, "stop"));
    Files.createFile(node.base().resolve("go"));

    assertThat(Files.readAllLines(said)).containsExactly("create", "stop");
    TestNode.eventually(
        "it is gone",
        () ->
            node.stub()
                .listSandboxes(ListSandboxesRequest.getDefaultInstance())
                .getSandboxesList()
                .isEmpty());
    nothingIsLeft();
    ModelRecord.isComplete(Recorded.of(node));
  }

  @Test
  void aHookOfADeletionThatIsFinishedKeepsNobodyFromTheOthers() throws Exception {
    Path hook = waitingAt("stop");
    Path said = said();
    node.started("stays", node.spec("sleep", "60"));
    node.started("goes", hooked(hook));
    var deletion = node.future().deleteContainer(TestNode.deleteRequest("goes", true));
    TestNode.eventually("its hook runs", () -> says(said, "stop"));
    node.replace(true);
    assertThat(deletion).failsWithin(TestNode.PATIENCE);

    assertThat(node.run(node.shell("exit 7")).code()).as("others are served").isEqualTo(7);
    assertThat(node.get("stays").getState()).isEqualTo(ContainerState.RUNNING);
    assertThat(isGone("goes")).as("its hook still runs").isFalse();
    Files.createFile(node.base().resolve("go"));
    TestNode.eventually("it is gone", () -> isGone("goes"));
    node.delete("stays", true);
    nothingIsLeft();
    ModelRecord.isComplete(Recorded.of(node));
  }

  @Test
  void aCreationThatFailsAfterItsHooksLeavesNoRecord() throws Exception {
    Path said = node.base().resolve("said");
    Path hook = hook("echo $1 >> " + said + "; exit 3");
    node.restart();
    Problem.of(() -> node.create("c", hooked(hook))).is(Status.Code.ABORTED, Reason.HOOK_FAILED);
    assertThat(Files.readAllLines(said)).containsExactly("create", "stop");
    nothingIsLeft();
  }

  /** The only child: sandboxes are the helper's. */
  private static ProcessHandle helper() {
    return ProcessHandle.current()
        .children()
        .filter(child -> comm(child.pid()).startsWith("caisson-init"))
        .reduce((one, other) -> {
          throw new AssertionError("there are several");
        })
        .orElseThrow();
  }

  private static String comm(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
    } catch (IOException e) {
      return ""; // it has just ended
    }
  }

  @Test
  void hooksRunThoughTheirHelperWasKilled() throws Exception {
    Path said = node.base().resolve("said");
    Path hook = hook("echo $1 >> " + said);
    node.restart();
    long first = helper().pid();
    OnNode.onHost("kill", "-9", Long.toString(first));
    TestNode.eventually(
        "it ends", () -> !comm(first).startsWith("caisson-init") || isZombie(first));
    node.create("c", hooked(hook));
    node.delete("c", true);
    assertThat(Files.readAllLines(said)).containsExactly("create", "stop");
    assertThat(helper().pid()).isNotEqualTo(first);
    nothingIsLeft();
  }

  @Test
  void theHelperEndsWithTheExecutorThoughWhatItHasStartedLivesOn() throws Exception {
    node.started("c", node.spec("sleep", "600"));
    long first = helper().pid();
    node.restart();
    assertThat(comm(first)).doesNotStartWith("caisson-init");
    works("c");
    node.delete("c", true);
    nothingIsLeft();
  }

  private static boolean isZombie(long pid) {
    return says(Path.of("/proc/" + pid + "/stat"), ") Z ");
  }

  @Test
  void aHookWhoseHelperIsKilledFailsAtOnce() throws Exception {
    Path pid = node.base().resolve("pid");
    Path hook = hook("[ $1 = stop ] || { echo $$ > " + pid + "; exec sleep 600; }");
    node.restart();
    ProcessHandle helper = helper();
    var creation = node.future().createContainer(node.request("c", hooked(hook)).build());
    TestNode.eventually("its hook runs", () -> says(pid, "\n"));
    OnNode.onHost("kill", "-9", Long.toString(helper.pid()));
    assertThat(creation)
        .failsWithin(TestNode.PATIENCE)
        .withThrowableThat()
        .withMessageContaining("what the executor starts hooks with has ended");
    int hookPid = Integer.parseInt(Files.readString(pid).strip());
    TestNode.eventually("the hook ends", () -> !runs(hookPid) || isZombie(hookPid));
    nothingIsLeft();
  }

  // ---- caisson-init

  private static final int MANY = 600;

  /** It gives up an executor that does not read; more ends are to be told than a socket takes. */
  @Test
  void reachesASandboxAgainThatHasHungUp() throws Exception {
    node.close();
    node = TestNode.launchApart("limits.execs-per-sandbox = 1000", "user-namespace.host = true");
    ContainerSpec.Builder spec = node.spec("sleep", "600");
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST); // others have 200 keys at most
    Container container = node.started("c", spec);
    List<String> kill = new ArrayList<>(List.of("kill", "-9"));
    for (int i = 0; i < MANY; i++) {
      var exec = node.exec(TestNode.execRequest("c", "sleep", "600").setDetach(true));
      kill.add(Integer.toString(exec.execStarted().getPid()));
    }
    int init = init(container);
    long sockets = sockets(init);
    String executor = Long.toString(node.executorPid());
    OnNode.onHost("kill", "-STOP", executor);
    try {
      OnNode.onHost(kill.toArray(String[]::new));
      TestNode.eventually("caisson-init hangs up", () -> sockets(init) < sockets);
    } finally {
      OnNode.onHost("kill", "-CONT", executor);
    }

    works("c");
    TestNode.eventually("all ends are told", () -> execsExited() == MANY + 1);
    long before = ticks(node.executorPid());
    long began = System.nanoTime();
    TestNode.eventually("a second passes", () -> System.nanoTime() - began > 1_000_000_000L);
    assertThat(ticks(node.executorPid()) - before).as("hundredths of a second").isLessThan(50);
    node.signal("c", 9);
    assertThat(node.await("c").getSignal()).isEqualTo(9);
    node.delete("c");
    nothingIsLeft();
  }

  private int init(Container container) {
    return node
        .stub()
        .listSandboxes(ListSandboxesRequest.getDefaultInstance())
        .getSandboxesList()
        .stream()
        .filter(one -> one.getUid().equals(container.getSandboxUid()))
        .findFirst()
        .orElseThrow()
        .getInitPid();
  }

  private static long sockets(long pid) {
    return Traces.descriptorsOf(pid).getOrDefault("socket", 0L);
  }

  private long execsExited() {
    try {
      return Recorded.of(node).stream().filter(Event::hasExecExited).count();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Of processor time, user's and system's: proc_pid_stat(5). */
  private static long ticks(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- A full disk

  /** Nothing is free, and what is kept for that is taken. */
  private static void fill(Path data) throws IOException {
    Files.write(data.resolve("reserve"), new byte[0]);
    try (RandomAccessFile file = new RandomAccessFile(data.resolve("ballast").toFile(), "rw")) {
      byte[] page = new byte[4096];
      IOException full = null;
      while (full == null) {
        try {
          file.write(page);
        } catch (IOException e) {
          full = e;
        }
      }
      assertThat(full).hasMessageContaining("No space left on device");
    }
  }

  @Test
  void aLossThatCannotBeRecordedIsRecordedLater() throws Exception {
    node.shut();
    OnNode.onHost("mount", "-t", "tmpfs", "-o", "size=16m", "caisson", node.data().toString());
    node.open();
    try {
      node.createSandbox("box");
      ContainerSpec.Builder bulky =
          node.spec("sleep", "60").putAnnotations("k", "x".repeat(4 * 4096));
      List<String> ids = List.of("a", "b", "c");
      for (String id : ids) {
        node.createIn("box", id, bulky);
        node.start(id);
      }
      fill(node.data());
      OnNode.onHost("kill", "-9", Integer.toString(init(node.get("a"))));
      TestNode.eventually("nothing more can be done in it", () -> isRefused("box"));
      assertThat(ids).allMatch(id -> node.state(id) == ContainerState.RUNNING);
      Files.delete(node.data().resolve("ballast"));
      for (String id : ids) {
        assertThat(node.await(id).getLost()).isTrue();
      }
      assertThat(Recorded.of(node)).filteredOn(Event::hasSandboxLost).hasSize(1);
      assertThat(Recorded.of(node)).filteredOn(Event::hasContainerExited).hasSize(3);
      node.deleteSandbox("box", true);
      nothingIsLeft();
    } finally {
      Files.deleteIfExists(node.data().resolve("ballast"));
      node.deleteEverything();
      node.shut();
      OnNode.onHost("umount", node.data().toString());
      node.open();
    }
  }

  private boolean isRefused(String box) {
    return Problem.of(() -> node.createIn(box, "more", node.spec("true")))
        .reason()
        .equals(Reason.SANDBOX_LOST.name());
  }
}
