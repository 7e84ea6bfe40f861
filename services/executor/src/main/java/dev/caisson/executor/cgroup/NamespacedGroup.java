package dev.caisson.executor.cgroup;

import dev.caisson.executor.procfs.PidNamespaces;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.FileStatus;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Pressure;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Statistics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The processes of a PID namespace, where there is no cgroup for them. */
final class NamespacedGroup implements Cgroup {
  static final String WITHOUT = "no cgroup is delegated to the executor's user";

  private record First(int pid, FileStatus namespace) {}

  private final String path;
  private final PidNamespaces namespaces;
  private final AtomicLong spent = new AtomicLong();
  private final AtomicLong most = new AtomicLong();
  private volatile @Nullable First first;

  /**
   * By whose descent the processes are known whose namespace may not be looked at: without root,
   * that of a container which an earlier life of the executor has made.
   */
  private final Set<PidNamespaces.Root> roots = ConcurrentHashMap.newKeySet();

  NamespacedGroup(String path, PidNamespaces namespaces) {
    this.path = path;
    this.namespaces = namespaces;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public void standsFor(int pid) {
    Optional<FileStatus> namespace = namespaces.of(pid);
    first =
        namespace
            .filter(found -> !namespaces.isOwn(found))
            .map(found -> new First(pid, found))
            .orElse(null);
    if (namespace.isEmpty()) {
      alsoHas(pid);
    }
  }

  @Override
  public void alsoHas(int pid) {
    namespaces.root(pid).ifPresent(roots::add);
  }

  private Optional<First> first() {
    return Optional.ofNullable(first);
  }

  @Override
  public void kill() {
    first()
        .ifPresentOrElse(
            known -> namespaces.kill(known.pid(), known.namespace()),
            () -> roots.forEach(namespaces::kill));
  }

  @Override
  public Map<Integer, String> members() {
    return first()
        .map(known -> namespaces.members(known.namespace()))
        .orElseGet(() -> roots.isEmpty() ? List.of() : namespaces.membersByDescent(roots))
        .stream()
        .collect(Collectors.toMap(Function.identity(), pid -> ""));
  }

  @Override
  public List<String> children() {
    return List.of();
  }

  @Override
  public boolean populated() {
    return !processes().isEmpty();
  }

  @Override
  public boolean awaitEmpty(Duration timeout) {
    return Retry.until(timeout, () -> !populated());
  }

  @Override
  public void freeze() {
    throw new Refusal(
            Reason.HOST_UNSUPPORTED,
            "Containers cannot be paused here, since " + WITHOUT + ".",
            Map.of())
        .exception();
  }

  /** Nothing can have been frozen. */
  @Override
  public void thaw() {}

  @Override
  public boolean endsFrozen() {
    return true;
  }

  @Override
  public List<Join> joins() {
    return List.of();
  }

  @Override
  public Optional<Path> birthDirectory() {
    return Optional.empty();
  }

  @Override
  public void delegate(int uid, int gid) {}

  @Override
  public void spent(Duration cpu) {
    spent.addAndGet(cpu.toNanos());
  }

  /**
   * The sum over a container's processes, in steps of 10 ms: those that live, and those whose end
   * was told. Of one that has just ended neither says anything for a moment. A sandbox as a whole
   * has none.
   */
  @Override
  public OptionalLong cpuNanos() {
    if (SandboxLayout.isSandbox(path)) {
      return OptionalLong.empty();
    }
    long ended = spent.get();
    return OptionalLong.of(most.accumulateAndGet(ended + living().toNanos(), Math::max));
  }

  private Duration living() {
    return first()
        .map(known -> namespaces.cpu(known.namespace()))
        .orElseGet(() -> roots.isEmpty() ? Duration.ZERO : namespaces.cpuOfDescent(roots));
  }

  @Override
  public Statistics.Builder statistics(boolean raw) {
    Statistics.Builder statistics = Statistics.newBuilder();
    cpuNanos().ifPresent(statistics.getCpuBuilder()::setUsageNanoseconds);
    return statistics;
  }

  @Override
  public long oomKills() {
    return 0;
  }

  @Override
  public Shortages shortages() {
    return Shortages.NONE;
  }

  @Override
  public Shortages ownShortages() {
    return Shortages.NONE;
  }

  @Override
  public Optional<Pressure> memoryPressure() {
    return Optional.empty();
  }

  @Override
  public void configure(Resources limits) {
    var _ = Limits.of(limits);
  }

  @Override
  public void allowDevices(List<String> allowed) {}

  @Override
  public List<SettingChange> update(Resources limits) {
    for (Setting setting : LimitsOnHost.asked(Limits.of(limits))) {
      throw InvalidResources.unsupported(setting.field(), WITHOUT, setting.value());
    }
    return List.of();
  }

  @Override
  public void remove() {}
}
