package dev.caisson.executor.cgroup;

import dev.caisson.executor.procfs.PidNamespaces;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.FileStatus;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Statistics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The processes of a PID namespace, where there is no cgroup for them. */
final class NamespacedGroup implements Cgroup {
  static final String WITHOUT = "no cgroup is delegated to the executor's user";

  private record First(int pid, FileStatus namespace) {}

  private final String path;
  private final PidNamespaces namespaces;
  private volatile @Nullable First first;

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
    first =
        namespaces
            .of(pid)
            .filter(namespace -> !namespaces.isOwn(namespace))
            .map(namespace -> new First(pid, namespace))
            .orElse(null);
  }

  private Optional<First> first() {
    return Optional.ofNullable(first);
  }

  @Override
  public void kill() {
    first().ifPresent(known -> namespaces.kill(known.pid(), known.namespace()));
  }

  @Override
  public Map<Integer, String> members() {
    return first().map(known -> namespaces.members(known.namespace())).orElse(List.of()).stream()
        .collect(Collectors.toMap(Function.identity(), pid -> ""));
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
  public OptionalLong cpuNanos() {
    return OptionalLong.empty();
  }

  @Override
  public Statistics.Builder statistics(boolean raw) {
    return Statistics.newBuilder();
  }

  @Override
  public long oomKills() {
    return 0;
  }

  @Override
  public void configure(Resources limits) {
    var _ = Limits.of(limits);
  }

  @Override
  public void allowDevices(List<String> allowed) {}

  @Override
  public List<SettingChange> update(Resources limits) {
    for (Setting setting : V1Files.settings(Limits.of(limits))) {
      throw InvalidResources.unsupported(setting.field(), WITHOUT, setting.value());
    }
    return List.of();
  }

  @Override
  public void remove() {}
}
