package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.executor.cgroup.CgroupDriver;
import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.disk.Room;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.executor.v1.AttachContainer;
import dev.caisson.proto.executor.v1.AttachRequest;
import dev.caisson.proto.executor.v1.AttachResponse;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ExecRequest;
import dev.caisson.proto.executor.v1.ExecResponse;
import dev.caisson.proto.executor.v1.ExecutorGrpc;
import dev.caisson.proto.executor.v1.GetContainerRequest;
import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.executor.v1.RunResponse;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.executor.v1.WaitRequest;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A real executor on directories, a guard and a cgroup parent of its own, and a client of its
 * socket. Needs root and busybox.
 */
final class TestNode implements AutoCloseable {
  static final String TENANT = "acme";

  /** More where the machine is emulated. */
  static final Duration PATIENCE =
      Duration.ofSeconds(Integer.getInteger("caisson.test.patience", 20));

  static final Duration OF_MANY = Duration.ofMinutes(2);

  private static final long POLLED = Duration.ofMillis(1).toNanos();
  private static final Path BUSYBOX = Path.of("/usr/bin/busybox");
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final int ROOT = 0;

  private final Path base;
  private CgroupDriver cgroupDriver = CgroupDriver.CGROUPFS;
  private String cgroupParent = "/caisson-test-" + UUID.randomUUID();
  private final AtomicInteger ids = new AtomicInteger();
  private Executor.Waits waits = Executor.Waits.USUAL;
  private int parked;
  private int memoryPressure;
  private String plugins = "/usr/lib/cni";
  private String network = "";
  private final Beginning beginning;
  private AutoCloseable life;
  private volatile ManagedChannel channel;

  private TestNode(Path base, Beginning beginning) {
    this.base = base;
    this.beginning = beginning;
  }

  /** How a life of the executor begins; closing it ends that life. */
  @FunctionalInterface
  interface Beginning {
    AutoCloseable begin(Options options, Executor.Waits waits) throws IOException;
  }

  /**
   * One that is ready.
   *
   * @param rules further lines of its guard's configuration, {@code %s} for its base directory
   */
  static TestNode launch(String... rules) throws IOException {
    return launchOn(Kernel.open(), rules);
  }

  /** The same on a kernel that may be unlike others. */
  static TestNode launchOn(Kernel kernel, String... rules) throws IOException {
    return launchOn(kernel, Disk::new, rules);
  }

  /** And with a disk that may fail. */
  static TestNode launchOn(Kernel kernel, Function<Room, Disk> disk, String... rules)
      throws IOException {
    return launch((options, waits) -> Executor.start(options, waits, kernel, disk), rules);
  }

  /** The same where no tree of version 2 is mounted; its waits are the usual ones. */
  static TestNode launchOnVersion1(String... rules) throws IOException {
    return launch((options, waits) -> ExecutorElsewhere.onVersion1(options), rules);
  }

  /** The same without root of the host, and without cgroups; its waits are the usual ones. */
  static TestNode launchWithoutCgroups(String... rules) throws IOException {
    return launch((options, waits) -> ExecutorElsewhere.withoutCgroups(options), rules);
  }

  /**
   * The same as a process of its own, which {@link #replace} can end; its waits are the usual ones.
   */
  static TestNode launchApart(String... rules) throws IOException {
    return launch((options, waits) -> ChildExecutor.begin(options), rules);
  }

  /** The same below a slice of the host's systemd, which makes the scopes of its sandboxes. */
  static TestNode launchOnSystemd(String... rules) throws IOException {
    TestNode node =
        prepared((options, waits) -> Executor.start(options, waits, Kernel.open(), Disk::new));
    node.cgroupDriver = CgroupDriver.SYSTEMD;
    node.cgroupParent =
        "/caisson.slice/caisson-test" + UUID.randomUUID().toString().substring(0, 8) + ".slice";
    return launch(node, rules);
  }

  static TestNode launch(Beginning beginning, String... rules) throws IOException {
    return launch(prepared(beginning), rules);
  }

  private static TestNode launch(TestNode node, String... rules) throws IOException {
    Files.writeString(
        node.base.resolve("guard.conf"),
        String.format(
            """
            rootfs.roots = %1$s/images
            mounts.roots = %1$s/volumes
            bundles.roots = %1$s/bundles
            cgroup.parent = %2$s
            seccomp.unconfined = true
            """,
            node.base, node.cgroupParent));
    node.allow(rules);
    node.open();
    return node;
  }

  private static TestNode prepared(Beginning beginning) throws IOException {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(ROOT),
        "Skipped: containers are made by root");
    assumeTrue(
        Files.isExecutable(BUSYBOX),
        "Skipped: needs " + BUSYBOX + ": apt-get install busybox-static");
    TestNode node = new TestNode(Files.createTempDirectory("caisson"), beginning);
    for (String directory :
        List.of("images/plain/bin", "images/plain/tmp", "volumes", "hooks", "networks")) {
      Files.createDirectories(node.base.resolve(directory));
    }
    Files.copy(BUSYBOX, node.rootfs().resolve("bin/busybox"));
    for (String applet : applets()) {
      Files.createSymbolicLink(node.rootfs().resolve("bin/" + applet), Path.of("busybox"));
    }
    return node;
  }

  private static List<String> applets() throws IOException {
    try (var output = new ProcessBuilder(BUSYBOX.toString(), "--list").start().inputReader()) {
      return output.lines().filter(name -> !name.equals("busybox")).toList();
    }
  }

  /** Adds to the guard's configuration; in force from the next {@link #open}. */
  void allow(String... rules) throws IOException {
    Path guard = base.resolve("guard.conf");
    String text = Files.readString(guard) + String.join("\n", rules) + "\n";
    Files.writeString(guard, text);
  }

  /** For the next {@link #open}. */
  TestNode lease(Duration next) {
    waits = new Executor.Waits(next, waits.patience());
    return this;
  }

  /** The same. */
  TestNode patience(Duration next) {
    waits = new Executor.Waits(waits.lease(), next);
    return this;
  }

  /** For the next {@link #open}: none otherwise, so that what is there can be compared. */
  TestNode parked(int next) {
    parked = next;
    return this;
  }

  /** For the next {@link #open}, percent: 0 otherwise, so that nothing is told. */
  TestNode memoryPressure(int next) {
    memoryPressure = next;
    return this;
  }

  /** For the next {@link #open}: where the host's networks are, and further plugins for them. */
  TestNode network(Path namespace, Path directory) {
    network = namespace.toString();
    plugins = directory + ":/usr/lib/cni";
    return this;
  }

  /** The configurations of networks. */
  Path networks() {
    return base.resolve("networks");
  }

  void open() throws IOException {
    life = beginning.begin(options(), waits);
    channel = Channels.unix(run().resolve("executor.sock"));
  }

  private Options options() {
    return new Options(
        data(),
        run(),
        "node-1",
        "0",
        "0",
        base + "/guard.conf",
        cgroupDriver,
        cgroupParent,
        networks().toString(),
        plugins,
        network,
        parked,
        memoryPressure,
        "",
        false,
        JournalOptions.of(JournalOptions.DEFAULTS));
  }

  /** Ends this life of the executor; containers run on. */
  void shut() {
    channel.shutdownNow();
    assertThat(hasTerminated()).isTrue();
    try {
      life.close();
    } catch (Exception e) {
      throw new AssertionError("the executor ends", e);
    }
  }

  private boolean hasTerminated() {
    try {
      return channel.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  void restart() throws IOException {
    shut();
    open();
  }

  /**
   * Ends this life of one that was launched apart and begins another, while others call it: calls
   * in flight break, later ones find the new one.
   *
   * @param crash by SIGKILL; otherwise it is asked to end
   */
  void replace(boolean crash) throws IOException {
    if (crash) {
      apart().kill();
    } else {
      apart().close();
    }
    life = ChildExecutor.begin(options());
  }

  /** The same, where the next life is killed too, while it takes up what it finds. */
  void crashTwice() throws IOException {
    apart().kill();
    Set<Path> before = segments();
    life = ChildExecutor.start(options());
    eventually("it begins to write its record", () -> !before.containsAll(segments()));
    replace(true);
  }

  /** After a crash two begin at once: one of them ends, and says why. */
  void replaceByOneOfTwo() throws IOException {
    apart().kill();
    ChildExecutor one = ChildExecutor.start(options());
    ChildExecutor other = ChildExecutor.start(options());
    eventually("one of them ends", () -> !one.isAlive() || !other.isAlive());
    life = one.isAlive() ? one : other;
    (one.isAlive() ? other : one).assertRefused();
    apart().awaitReady(options());
  }

  /** Another cannot begin while this one lives. */
  void refuseAnother() throws IOException {
    ChildExecutor.start(options()).assertRefused();
  }

  private Set<Path> segments() {
    try (Stream<Path> files = Files.list(data().resolve("journal"))) {
      return files.collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ChildExecutor apart() {
    return (ChildExecutor) life;
  }

  /** How many sandboxes the executor, which is in this process, could hand out at once. */
  int parkedNow() {
    return ((Executor) life).parked();
  }

  /** Of the process that the executor is in. */
  long executorPid() {
    return life instanceof ChildExecutor child ? child.pid() : ProcessHandle.current().pid();
  }

  Path base() {
    return base;
  }

  Path data() {
    return base.resolve("data");
  }

  Path run() {
    return base.resolve("run");
  }

  Path rootfs() {
    return base.resolve("images/plain");
  }

  Path journalSocket() {
    return run().resolve("journal.sock");
  }

  String cgroupParent() {
    return cgroupParent;
  }

  ExecutorGrpc.ExecutorBlockingStub stub() {
    return Channels.withDeadline(ExecutorGrpc.newBlockingStub(channel));
  }

  ExecutorGrpc.ExecutorStub async() {
    return Channels.withDeadline(ExecutorGrpc.newStub(channel));
  }

  ExecutorGrpc.ExecutorFutureStub future() {
    return Channels.withDeadline(ExecutorGrpc.newFutureStub(channel));
  }

  String newId(String prefix) {
    return prefix + "-" + ids.incrementAndGet();
  }

  // ---- Requests

  ContainerSpec.Builder spec(String... args) {
    ContainerSpec.Builder spec =
        ContainerSpec.newBuilder()
            .setOciVersion("1.2.0")
            .setProcess(
                Process.newBuilder()
                    .addAllArgs(List.of(args))
                    .addEnv("PATH=/bin")
                    .setNoNewPrivileges(true))
            .setRoot(RootFilesystem.newBuilder().setPath(rootfs().toString()))
            .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.AUTO));
    Stream.of(
            Namespace.Type.PID,
            Namespace.Type.NETWORK,
            Namespace.Type.MOUNT,
            Namespace.Type.IPC,
            Namespace.Type.UTS,
            Namespace.Type.CGROUP)
        .forEach(type -> spec.addNamespaces(Namespace.newBuilder().setType(type)));
    return spec;
  }

  static ContainerSpec.Builder shell(ContainerSpec.Builder spec, String script) {
    spec.getProcessBuilder().clearArgs().addArgs("sh").addArgs("-c").addArgs(script);
    return spec;
  }

  ContainerSpec.Builder shell(String script) {
    return spec("sh", "-c", script);
  }

  /** A directory that both sides see; inside it is {@code /shared}. */
  Path share(ContainerSpec.Builder spec) {
    try {
      Path volume = Files.createTempDirectory(base.resolve("volumes"), "v");
      spec.addMounts(
          Mount.newBuilder()
              .setDestination("/shared")
              .setType("bind")
              .setSource(volume.toString())
              .addOptions("rbind"));
      return volume;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Actor actor() {
    return Actor.newBuilder().setPrincipal("uid:1000").setMethod("peer-credentials").build();
  }

  static Actor actor(String requestId) {
    return actor().toBuilder().setRequestId(requestId).build();
  }

  CreateContainerRequest.Builder request(String id, ContainerSpec.Builder spec) {
    return CreateContainerRequest.newBuilder()
        .setActor(actor())
        .setTenant(TENANT)
        .setContainerId(id)
        .setSpec(spec)
        .setStdio(StdioMode.DISCARD);
  }

  // ---- Calls

  Sandbox createSandbox(String id) {
    return stub().createSandbox(sandboxRequest(id).build());
  }

  static CreateSandboxRequest.Builder sandboxRequest(String id) {
    return CreateSandboxRequest.newBuilder()
        .setActor(actor())
        .setTenant(TENANT)
        .setSandboxId(id)
        .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.AUTO));
  }

  Sandbox sandbox(String id) {
    return stub()
        .getSandbox(GetSandboxRequest.newBuilder().setTenant(TENANT).setSandboxId(id).build());
  }

  void deleteSandbox(String id, boolean force) {
    var _ = stub().deleteSandbox(sandboxDeletion(id).setForce(force).build());
  }

  static DeleteSandboxRequest.Builder sandboxDeletion(String id) {
    return DeleteSandboxRequest.newBuilder().setActor(actor()).setTenant(TENANT).setSandboxId(id);
  }

  Container create(String id, ContainerSpec.Builder spec) {
    return stub().createContainer(request(id, spec).build());
  }

  Container createIn(String sandbox, String id, ContainerSpec.Builder spec) {
    return stub().createContainer(request(id, spec).setSandboxId(sandbox).build());
  }

  Container start(String id) {
    return stub().startContainer(startRequest(id));
  }

  static StartContainerRequest startRequest(String id) {
    return StartContainerRequest.newBuilder()
        .setActor(actor())
        .setTenant(TENANT)
        .setContainerId(id)
        .build();
  }

  /** Created and started. */
  Container started(String id, ContainerSpec.Builder spec) {
    var _ = create(id, spec);
    return start(id);
  }

  Container get(String id) {
    return stub()
        .getContainer(
            GetContainerRequest.newBuilder().setTenant(TENANT).setContainerId(id).build());
  }

  ContainerState state(String id) {
    return get(id).getState();
  }

  void signal(String id, int signal) {
    var _ = stub().signal(signalRequest(id).setSignal(signal).build());
  }

  static SignalRequest.Builder signalRequest(String id) {
    return SignalRequest.newBuilder().setActor(actor()).setTenant(TENANT).setContainerId(id);
  }

  ExitStatus await(String id) {
    return await(id, "");
  }

  ExitStatus await(String id, String process) {
    return stub().wait(waitRequest(id, process)).getStatus();
  }

  static WaitRequest waitRequest(String id, String process) {
    return WaitRequest.newBuilder()
        .setTenant(TENANT)
        .setContainerId(id)
        .setProcessId(process)
        .build();
  }

  Container pause(String id) {
    return stub()
        .pauseContainer(
            PauseContainerRequest.newBuilder()
                .setActor(actor())
                .setTenant(TENANT)
                .setContainerId(id)
                .build());
  }

  Container resume(String id) {
    return stub()
        .resumeContainer(
            ResumeContainerRequest.newBuilder()
                .setActor(actor())
                .setTenant(TENANT)
                .setContainerId(id)
                .build());
  }

  Container update(String id, Resources limits) {
    return stub()
        .updateContainer(
            UpdateContainerRequest.newBuilder()
                .setActor(actor())
                .setTenant(TENANT)
                .setContainerId(id)
                .setResources(limits)
                .build());
  }

  Sandbox updateSandbox(String id, Resources limits) {
    return stub()
        .updateSandbox(
            UpdateSandboxRequest.newBuilder()
                .setActor(actor())
                .setTenant(TENANT)
                .setSandboxId(id)
                .setResources(limits)
                .build());
  }

  void delete(String id) {
    delete(id, false);
  }

  void delete(String id, boolean force) {
    var _ = stub().deleteContainer(deleteRequest(id, force));
  }

  static DeleteContainerRequest deleteRequest(String id, boolean force) {
    return DeleteContainerRequest.newBuilder()
        .setActor(actor())
        .setTenant(TENANT)
        .setContainerId(id)
        .setForce(force)
        .build();
  }

  AttachedClient<RunRequest, RunResponse> runAttached(CreateContainerRequest request) {
    AttachedClient<RunRequest, RunResponse> client = AttachedClient.run();
    client.begin(async()::run, RunRequest.newBuilder().setRun(request).build());
    return client;
  }

  /** The same for one of many at once, each of which takes the longer. */
  AttachedClient<RunRequest, RunResponse> runOfMany(CreateContainerRequest request) {
    AttachedClient<RunRequest, RunResponse> client = AttachedClient.run();
    client.begin(ofMany(async())::run, RunRequest.newBuilder().setRun(request).build());
    return client;
  }

  /** For one call of many at once. */
  static <S extends AbstractStub<S>> S ofMany(S stub) {
    return stub.withDeadlineAfter(OF_MANY);
  }

  /** From creation to deletion. */
  Ended run(ContainerSpec.Builder spec) {
    return runAttached(request(newId("run"), spec).build()).closeInput().ended();
  }

  AttachedClient<ExecRequest, ExecResponse> exec(ExecProcess.Builder exec) {
    AttachedClient<ExecRequest, ExecResponse> client = AttachedClient.exec();
    client.begin(async()::exec, ExecRequest.newBuilder().setExec(exec).build());
    return client;
  }

  AttachedClient<ExecRequest, ExecResponse> exec(String id, String... args) {
    return exec(execRequest(id, args));
  }

  static ExecProcess.Builder execRequest(String id, String... args) {
    return ExecProcess.newBuilder()
        .setActor(actor())
        .setTenant(TENANT)
        .setContainerId(id)
        .setProcess(Process.newBuilder().addAllArgs(List.of(args)).setNoNewPrivileges(true));
  }

  AttachedClient<AttachRequest, AttachResponse> attach(String id) {
    return attach(id, "");
  }

  AttachedClient<AttachRequest, AttachResponse> attach(String id, String process) {
    return attach(id, process, AttachedClient.attach());
  }

  AttachedClient<AttachRequest, AttachResponse> attach(
      String id, String process, AttachedClient<AttachRequest, AttachResponse> client) {
    client.begin(
        async()::attach,
        AttachRequest.newBuilder()
            .setAttach(
                AttachContainer.newBuilder()
                    .setActor(actor())
                    .setTenant(TENANT)
                    .setContainerId(id)
                    .setProcessId(process))
            .build());
    return client;
  }

  // ---- Its end

  /** The same; the assertion says in detail what is wrong when the time is up. */
  static void eventually(String what, BooleanSupplier holds, Runnable assertion) {
    try {
      eventually(what, holds);
    } catch (AssertionError e) {
      assertion.run();
    }
  }

  /** Waits for what another process does, which tells nobody. */
  static void eventually(String what, BooleanSupplier holds) {
    eventually(what, PATIENCE, holds);
  }

  /** The same for what takes its time. */
  static void eventually(String what, Duration patience, BooleanSupplier holds) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!holds.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      LockSupport.parkNanos(POLLED); // the processor is that process's too
    }
  }

  void deleteEverything() {
    stub()
        .listSandboxes(ListSandboxesRequest.getDefaultInstance())
        .getSandboxesList()
        .forEach(sandbox -> deleteIfThere(sandbox.getId()));
  }

  /** The lease of a run may end it at the same time. */
  private void deleteIfThere(String id) {
    try {
      deleteSandbox(id, true);
    } catch (StatusRuntimeException e) {
      Problem.of(e).is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      deleteEverything();
    } finally {
      shut();
      Cgroups cgroups = Cgroups.detect(Kernel.open().files(), MOUNTINFO);
      cgroups.open(cgroupParent).kill();
      cgroups.open(cgroupParent).remove();
      removeTree(base);
    }
  }

  private static void removeTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
