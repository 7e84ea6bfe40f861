package dev.caisson.executor;

import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.hook.HookRunner;
import dev.caisson.executor.init.InitLauncher;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalSettings;
import dev.caisson.executor.journal.UsageLog;
import dev.caisson.executor.journal.UsageLogSettings;
import dev.caisson.executor.plan.Machine;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.rpc.ErrorMapping;
import dev.caisson.executor.rpc.ExecutorService;
import dev.caisson.executor.sandbox.Host;
import dev.caisson.executor.sandbox.Node;
import dev.caisson.executor.sandbox.NodeAssembly;
import dev.caisson.executor.sandbox.Settings;
import dev.caisson.executor.store.Store;
import dev.caisson.executor.usage.UsageSampler;
import dev.caisson.linux.Kernel;
import dev.caisson.model.Uids;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.executor.v1.GetNodeResponse;
import dev.caisson.rpc.GrpcServer;
import io.grpc.BindableService;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/** The privileged service: starts its parts in order, serves, and ends them in reverse. */
public final class Executor implements AutoCloseable {
  static final String VERSION = "0.1.0";
  private static final System.Logger LOG = System.getLogger(Executor.class.getName());

  /** For ends of processes, leases, and answers to those who wait. */
  private static final int WORKERS = 16;

  private static final Duration SAMPLING = Duration.ofSeconds(1);

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final Options options;

  private Executor(Options options) {
    this.options = options;
  }

  public static void main(String[] args) throws Exception {
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    CountDownLatch ended = new CountDownLatch(1);
    Executor executor = new Executor(options);
    try {
      executor.start();
    } catch (RuntimeException | IOException e) {
      System.err.println("The executor cannot start: " + e.getMessage());
      e.printStackTrace();
      executor.close();
      System.exit(1);
    }
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  executor.close();
                  ended.countDown();
                },
                "shutdown"));
    ended.await();
  }

  private void start() throws IOException {
    long began = System.nanoTime();
    directories();
    keep(InstanceLock.take(options.data()));
    Kernel kernel = Kernel.open();
    TrustedProc proc = keep(new TrustedProc(kernel));
    Cgroups cgroups = Cgroups.detect(Path.of("/proc/self/mountinfo"));
    Uids uids = new Uids(Clock.systemUTC(), new SecureRandom());
    Journal journal =
        keep(
            Journal.open(
                JournalSettings.defaults(options.data().resolve("journal"), options.node()),
                Clock.systemUTC(),
                () -> bytes(uids.next()),
                ExecutorStarted.newBuilder().setVersion(VERSION).setBootId(proc.bootId()).build()));
    UsageLog usage =
        keep(
            UsageLog.open(
                UsageLogSettings.defaults(
                    options.data().resolve("usage"), options.node(), journal.epoch(), proc.bootId()),
                Clock.systemUTC()));
    Host host = host(kernel, proc, cgroups, journal, uids);
    Node node = node(host, usage);
    serve(host, node, identity(kernel, cgroups, journal), journal, usage);
    LOG.log(Level.INFO, "Ready after {0} ms", Duration.ofNanos(System.nanoTime() - began).toMillis());
  }

  private static byte[] bytes(UUID uuid) {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(uuid.getMostSignificantBits())
        .putLong(uuid.getLeastSignificantBits())
        .array();
  }

  private void directories() throws IOException {
    Files.createDirectories(options.data());
    Files.setPosixFilePermissions(options.data(), PosixFilePermissions.fromString("rwx------"));
    Files.createDirectories(options.run().resolve("sandboxes"));
    Files.setPosixFilePermissions(
        options.run().resolve("sandboxes"), PosixFilePermissions.fromString("rwx------"));
  }

  private Host host(
      Kernel kernel, TrustedProc proc, Cgroups cgroups, Journal journal, Uids uids) {
    ScheduledThreadPoolExecutor workers = new ScheduledThreadPoolExecutor(WORKERS);
    keep(workers::shutdownNow);
    PollLoop control = keep(new PollLoop(kernel.polling(), "control").start());
    PollLoop stdio = keep(new PollLoop(kernel.polling(), "stdio").start());
    InitLauncher launcher = keep(new InitLauncher(kernel));
    Machine machine = Machine.named(System.getProperty("os.arch"));
    Path helper = options.run().resolve("helper-" + journal.epoch() + ".sock");
    HookRunner hooks = keep(new HookRunner(kernel, launcher, stdio, machine, helper));
    Settings settings =
        new Settings(
            options.run(),
            options.cgroupParent(),
            machine,
            proc.bootId(),
            journal.epoch(),
            Settings.DEFAULT_STEP_TIMEOUT,
            Settings.DEFAULT_LEASE);
    return new Host(
        settings,
        kernel,
        proc,
        launcher,
        cgroups,
        journal,
        Store.open(options.data().resolve("store")),
        control,
        stdio,
        hooks,
        workers,
        Clock.systemUTC(),
        () -> uids.next().toString());
  }

  private Node node(Host host, UsageLog usage) {
    NodeAssembly assembly =
        new NodeAssembly(
            host,
            List.of(Path.of("/")),
            List.of(Path.of("/")),
            sandboxes -> keep(new UsageSampler(SAMPLING, Clock.systemUTC(), usage, sandboxes)));
    return assembly.recover();
  }

  private static GetNodeResponse.Builder identity(
      Kernel kernel, Cgroups cgroups, Journal journal) {
    return GetNodeResponse.newBuilder()
        .setVersion(VERSION)
        .setEpoch(journal.epoch())
        .setCgroupMode(cgroups.mode().name().toLowerCase(Locale.ROOT))
        .addAllMissing(kernel.missing())
        .addAllMissing(cgroups.missing());
  }

  private void serve(
      Host host, Node node, GetNodeResponse.Builder identity, Journal journal, UsageLog usage)
      throws IOException {
    ExecutorService commands =
        new ExecutorService(
            node,
            (operation, request, actor) -> {},
            identity.setNode(options.node()).build(),
            host.workers());
    keep(socket("executor.sock", commands));
    java.util.Objects.requireNonNull(journal); java.util.Objects.requireNonNull(usage);
  }

  private GrpcServer socket(String name, BindableService service) throws IOException {
    return GrpcServer.unix(options.run().resolve(name))
        .mode("rw-rw----")
        .group(options.gatewayGroup())
        .peers(peer -> peer.isUser("0") || peer.isUser(options.gatewayUser()))
        .domain(ErrorMapping.DOMAIN)
        .errors(ErrorMapping::map)
        .services(List.of(service))
        .start();
  }

  private <T extends AutoCloseable> T keep(T part) {
    parts.push(part);
    return part;
  }

  /** Containers live on: nothing of theirs is touched. */
  @Override
  public void close() {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) {
        LOG.log(Level.WARNING, "Failed to close a part of the executor", e);
      }
    }
  }
}
