package dev.caisson.executor;

import com.google.protobuf.ByteString;
import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.cgroup.OwnPlace;
import dev.caisson.executor.cgroup.Systemd;
import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.disk.Room;
import dev.caisson.executor.donation.DonationSocket;
import dev.caisson.executor.donation.Donations;
import dev.caisson.executor.guard.Guard;
import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.guard.InvalidPolicyException;
import dev.caisson.executor.hook.HookRunner;
import dev.caisson.executor.hook.HostProcesses;
import dev.caisson.executor.hook.PluginRunner;
import dev.caisson.executor.init.InitLauncher;
import dev.caisson.executor.journal.Denials;
import dev.caisson.executor.journal.Enrolment;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalOutlet;
import dev.caisson.executor.journal.JournalService;
import dev.caisson.executor.journal.Signing;
import dev.caisson.executor.journal.SigningKey;
import dev.caisson.executor.journal.UsageLog;
import dev.caisson.executor.journal.UsageLogSettings;
import dev.caisson.executor.log.LogThreads;
import dev.caisson.executor.network.Networks;
import dev.caisson.executor.plan.Machine;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.executor.procfs.PidNamespaces;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.rpc.ErrorMapping;
import dev.caisson.executor.rpc.ExecutorService;
import dev.caisson.executor.rpc.GuardedAdmission;
import dev.caisson.executor.sandbox.Host;
import dev.caisson.executor.sandbox.Node;
import dev.caisson.executor.sandbox.NodeAssembly;
import dev.caisson.executor.sandbox.Powers;
import dev.caisson.executor.sandbox.Settings;
import dev.caisson.executor.store.Store;
import dev.caisson.executor.usage.UsageSampler;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.SeccompCompiler;
import dev.caisson.model.NodeKey;
import dev.caisson.model.Uid7;
import dev.caisson.proto.events.v1.ExecutorStarted;
import dev.caisson.proto.executor.v1.GetNodeResponse;
import dev.caisson.rpc.GrpcServer;
import io.grpc.BindableService;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.IntSupplier;

/** The privileged service: starts its parts in order, serves, and ends them in reverse. */
public final class Executor implements AutoCloseable {
  static final String VERSION = "0.1.0";
  private static final System.Logger LOG = System.getLogger(Executor.class.getName());

  /** For ends of processes, leases, and answers to those who wait. */
  private static final int WORKERS = 16;

  /** At once: as many hooks of deleted containers may stand still before others wait for them. */
  private static final int DELETIONS = 256;

  private static final Duration IDLE = Duration.ofSeconds(10);

  private static final Duration WORKERS_END = Duration.ofSeconds(5);

  /** Of asm-generic/resource.h. */
  private static final int RLIMIT_NOFILE = 7;

  private static final long LEAST_OPEN_FILES = 1024;

  private static final long KEPT_SHARE = 4;

  /** Four for each container of a full node. */
  private static final long MOST_KEPT_FILES = 1 << 16;

  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");

  private static final Duration SAMPLING = Duration.ofSeconds(1);

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final Options options;
  private final Waits waits;
  private IntSupplier parked = () -> 0;

  /**
   * How long callers are waited for.
   *
   * @param lease see {@link Settings#lease}
   * @param patience see {@link Settings#patience}
   */
  record Waits(Duration lease, Duration patience) {
    static final Waits USUAL = new Waits(Settings.DEFAULT_LEASE, Settings.DEFAULT_PATIENCE);
  }

  private Executor(Options options, Waits waits) {
    this.options = options;
    this.waits = waits;
  }

  public static void main(String[] args) throws Exception {
    Options options;
    try {
      options = Options.parse(args);
      ConsoleLog.configure(System.getenv(ConsoleLog.FORMAT));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    CountDownLatch ended = new CountDownLatch(1);
    Executor executor;
    try {
      if (options.ownNamespaces()) {
        Apart.begin();
      }
      executor = start(options);
    } catch (InvalidPolicyException e) {
      LOG.log(Level.ERROR, "The executor cannot start: " + e.getMessage());
      System.exit(1);
      return;
    } catch (RuntimeException | IOException e) {
      LOG.log(Level.ERROR, "The executor cannot start: " + e.getMessage(), e);
      System.exit(1);
      return;
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

  /** Ready when it returns; nothing of one that fails goes on. */
  static Executor start(Options options) throws IOException {
    return start(options, Waits.USUAL, Kernel.open(), Disk::new);
  }

  /**
   * The same with other waits, on a kernel and a disk of the caller's.
   *
   * @param disk with the room that is kept on it
   */
  static Executor start(Options options, Waits waits, Kernel kernel, Function<Room, Disk> disk)
      throws IOException {
    Executor executor = new Executor(options, waits);
    try {
      executor.start(kernel, disk.apply(new ReservedFile(options.data().resolve("reserve"))));
      return executor;
    } catch (RuntimeException | IOException e) {
      executor.close();
      throw e;
    }
  }

  private void start(Kernel kernel, Disk disk) throws IOException {
    long began = System.nanoTime();
    directories();
    keep(InstanceLock.take(options.data()));
    TrustedProc proc = keep(new TrustedProc(kernel));
    proc.resetCoreDumps();
    requireOpenFiles(kernel);
    Powers powers = Powers.of(kernel, proc);
    Cgroups cgroups = cgroups(kernel, proc, powers);
    boolean kept = disk.keepRoom();
    if (!kept) {
      LOG.log(Level.WARNING, "The disk of {0} is full: nothing new is started", options.data());
    }
    Uid7 uids = new Uid7(Clock.systemUTC(), new SecureRandom());
    SigningKey key = SigningKey.of(options.data());
    if (!options.enrol().isEmpty()) {
      Enrolment.of(options.node(), key.publicKey()).in(Path.of(options.enrol()));
    }
    Journal journal =
        keep(
            Journal.open(
                options.journal().settings(options.data().resolve("journal"), options.node()),
                Signing.usual(key),
                Clock.systemUTC(),
                () -> bytes(uids.next().value()),
                ExecutorStarted.newBuilder().setVersion(VERSION).setBootId(proc.bootId()).build(),
                disk));
    UsageLog usage =
        keep(
            UsageLog.open(
                UsageLogSettings.defaults(
                    options.data().resolve("usage"),
                    options.node(),
                    journal.epoch(),
                    proc.bootId()),
                Clock.systemUTC()));
    JournalOutlet outlet = keep(new JournalOutlet(journal));
    Guard guard = new Guard(GuardPolicy.parse(policy(), options.cgroupDriver()));
    Host host = host(kernel, proc, powers, cgroups, journal, disk, uids, guard.policy());
    Donations donations = new Donations();
    Node node = node(host, guard, donations, usage);
    keep(donationSocket(host, guard.policy(), donations));
    serve(
        host,
        node,
        guard,
        identity(kernel, cgroups, journal, key.publicKey()),
        journal,
        usage,
        outlet);
    LOG.log(
        Level.INFO, "Ready after {0} ms", Duration.ofNanos(System.nanoTime() - began).toMillis());
  }

  /** Programs keep theirs above those that a process may be given: system.h of caisson-init. */
  private static void requireOpenFiles(Kernel kernel) {
    long most = kernel.processes().ownHardLimit(RLIMIT_NOFILE);
    if (Long.compareUnsigned(most, LEAST_OPEN_FILES) < 0) {
      throw new IllegalStateException(
          "Its limit of open files must be at least "
              + LEAST_OPEN_FILES
              + " (ulimit -Hn; LimitNOFILE= of systemd), and is "
              + Long.toUnsignedString(most));
    }
  }

  private static byte[] bytes(UUID uuid) {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(uuid.getMostSignificantBits())
        .putLong(uuid.getLeastSignificantBits())
        .array();
  }

  /** Only root may say what is allowed. */
  private String policy() throws IOException {
    if (options.guard().isEmpty()) {
      return "";
    }
    Path file = Path.of(options.guard());
    PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class);
    boolean writable =
        attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
            || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
    if (writable || !attributes.owner().getName().equals("root")) {
      throw new IOException(file + " must belong to root, and nobody else may write to it");
    }
    return Files.readString(file);
  }

  private void directories() throws IOException {
    Files.createDirectories(options.data());
    Files.setPosixFilePermissions(options.data(), PosixFilePermissions.fromString("rwx------"));
    Files.createDirectories(options.run().resolve("sandboxes"));
    Files.setPosixFilePermissions(
        options.run().resolve("sandboxes"), PosixFilePermissions.fromString("rwx------"));
  }

  private Cgroups cgroups(Kernel kernel, TrustedProc proc, Powers powers) {
    Cgroups cgroups =
        switch (options.cgroupDriver()) {
          case CGROUPFS -> ofKernel(kernel, proc, powers);
          case SYSTEMD -> ofSystemd(kernel, powers);
        };
    LOG.log(Level.INFO, "Cgroups: {0}", cgroups.explanation());
    if (powers.hostsRoot()) {
      OwnPlace.of(kernel.files(), MOUNTINFO).leave(proc.ownCgroups(), options.cgroupParent());
    }
    return cgroups;
  }

  private Cgroups ofSystemd(Kernel kernel, Powers powers) {
    if (!powers.hostsRoot()) {
      throw new IllegalStateException(
          "The systemd driver needs root; without it, start with --cgroup-driver cgroupfs");
    }
    return Cgroups.ofSystemd(kernel.files(), MOUNTINFO, keep(Systemd.load()), keptFiles(kernel));
  }

  private Cgroups ofKernel(Kernel kernel, TrustedProc proc, Powers powers) {
    return powers.hostsRoot()
        ? Cgroups.detect(kernel.files(), MOUNTINFO, keptFiles(kernel))
        : Cgroups.delegated(
            kernel.files(),
            MOUNTINFO,
            proc.ownCgroups(),
            options.cgroupParent(),
            new PidNamespaces(kernel, proc),
            keptFiles(kernel));
  }

  /** Of what may be open, so much that the rest is enough for all else. */
  private static int keptFiles(Kernel kernel) {
    long most = kernel.processes().ownHardLimit(RLIMIT_NOFILE);
    return (int) Math.min(Long.divideUnsigned(most, KEPT_SHARE), MOST_KEPT_FILES);
  }

  private Host host(
      Kernel kernel,
      TrustedProc proc,
      Powers powers,
      Cgroups cgroups,
      Journal journal,
      Disk disk,
      Uid7 uids,
      GuardPolicy policy) {
    Store store = keep(Store.open(options.data().resolve("store"), disk));
    ScheduledThreadPoolExecutor workers = new ScheduledThreadPoolExecutor(WORKERS);
    keep(() -> end(workers));
    ThreadPoolExecutor deletions =
        new ThreadPoolExecutor(
            DELETIONS,
            DELETIONS,
            IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("deletion-", 0).factory());
    deletions.allowCoreThreadTimeOut(true);
    keep(() -> end(deletions));
    LogThreads logs = keep(new LogThreads());
    PollLoop control = keep(new PollLoop(kernel.polling(), "control").start());
    PollLoop stdio = keep(new PollLoop(kernel.polling(), "stdio").start());
    InitLauncher children = keep(new InitLauncher(kernel));
    Machine machine = Machine.named(System.getProperty("os.arch"));
    Path helper = options.run().resolve("helper-" + journal.epoch() + ".sock");
    HostProcesses inHost = keep(new HostProcesses(kernel, children, stdio, machine, helper));
    Settings settings =
        new Settings(
            options.data(),
            options.run(),
            options.cgroupParent(),
            machine,
            proc.bootId(),
            journal.epoch(),
            Settings.DEFAULT_STEP_TIMEOUT,
            waits.lease(),
            waits.patience(),
            options.parked(),
            options.memoryPressure(),
            powers);
    return new Host(
        settings,
        kernel,
        proc,
        children.with(inHost),
        cgroups,
        journal,
        store,
        control,
        stdio,
        logs,
        new HookRunner(kernel, stdio),
        inHost,
        new Networks(
            kernel,
            new PluginRunner(kernel, stdio, inHost, proc.lastCapability()),
            options.networks(),
            settings.networks(),
            policy.limits().hookTimeout()),
        workers,
        deletions,
        Clock.systemUTC(),
        () -> uids.next().toString());
  }

  /** What has begun comes to its end before that which it uses is closed. */
  private static void end(ThreadPoolExecutor workers) throws InterruptedException {
    workers.shutdownNow();
    if (!workers.awaitTermination(WORKERS_END.toMillis(), TimeUnit.MILLISECONDS)) {
      LOG.log(Level.WARNING, "Workers still run");
    }
  }

  /** The user that the executor is may donate anyway: he commands what it does. */
  private DonationSocket donationSocket(Host host, GuardPolicy policy, Donations donations)
      throws IOException {
    int own = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    boolean everybody = !policy.donors().isEmpty();
    if (everybody) {
      search(options.run());
    }
    return new DonationSocket(
        host.kernel(),
        host.control(),
        host.workers(),
        donations,
        new DonationSocket.Place(
            options.run().resolve("donations.sock"), everybody, own, policy.donors()::contains));
  }

  /** The other sockets have modes of their own, and look at their peers. */
  private static void search(Path directory) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
    permissions.add(PosixFilePermission.OTHERS_EXECUTE);
    Files.setPosixFilePermissions(directory, permissions);
  }

  private Node node(Host host, Guard guard, Donations donations, UsageLog usage) {
    List<UsageSampler> samplers = new ArrayList<>();
    NodeAssembly assembly =
        new NodeAssembly(
            host,
            guard.policy(),
            donations,
            sandboxes -> {
              UsageSampler sampler =
                  keep(new UsageSampler(SAMPLING, Clock.systemUTC(), usage, sandboxes));
              samplers.add(sampler);
              return sampler;
            });
    parked = keep(assembly)::parked;
    Node node = keep(assembly.recover());
    samplers.forEach(UsageSampler::start);
    return node;
  }

  private static GetNodeResponse.Builder identity(
      Kernel kernel, Cgroups cgroups, Journal journal, NodeKey key) {
    return GetNodeResponse.newBuilder()
        .setVersion(VERSION)
        .setEpoch(journal.epoch())
        .setPublicKey(ByteString.copyFrom(key.encoded()))
        .setKeyFingerprint(ByteString.copyFrom(key.fingerprint()))
        .setCgroupMode(cgroups.mode().name().toLowerCase(Locale.ROOT))
        .addAllMissing(kernel.missing())
        .addAllMissing(SeccompCompiler.ofLibrary(kernel.files()).missing().stream().toList())
        .addAllMissing(cgroups.missing());
  }

  private void serve(
      Host host,
      Node node,
      Guard guard,
      GetNodeResponse.Builder identity,
      Journal journal,
      UsageLog usage,
      JournalOutlet outlet)
      throws IOException {
    ExecutorService commands =
        new ExecutorService(
            node,
            new GuardedAdmission(guard, new Denials(journal, host.clock(), "guard")),
            identity.setNode(options.node()).build(),
            host.workers());
    keep(socket("executor.sock", commands));
    Denials denials = new Denials(journal, host.clock(), "gateway");
    JournalService readers = new JournalService(journal, usage, denials);
    outlet.serve(readers, socket("journal.sock", readers)::close);
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

  /** How many sandboxes are there in advance. */
  int parked() {
    return parked.getAsInt();
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
