package dev.caisson.executor.sandbox;

import dev.caisson.executor.procfs.Printable;
import dev.caisson.executor.procfs.ProcessStat;
import dev.caisson.executor.procfs.ProcessStatus;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.types.v1.IdMapping;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What callers are shown of sandboxes, containers and processes. Takes no turn in any queue. */
final class Views {
  /** {@code /proc/sys/kernel/overflowuid}, unless somebody has changed it. */
  private static final int OVERFLOW_ID = 65_534;

  private static final int MAX_CGROUP = 256;

  private final TrustedProc proc;

  Views(TrustedProc proc) {
    this.proc = proc;
  }

  static dev.caisson.proto.executor.v1.Sandbox of(Sandbox sandbox) {
    SandboxRecord record = sandbox.record();
    dev.caisson.proto.executor.v1.Sandbox.Builder view =
        line(sandbox).toBuilder()
            .putAllAnnotations(record.getAnnotationsMap())
            .addAllVolumes(record.getVolumesList());
    if (record.hasNetwork()) {
      view.setNetwork(record.getNetwork());
    }
    if (record.hasResources()) {
      view.setResources(record.getResources());
    }
    return view.build();
  }

  /** As in a list. */
  static dev.caisson.proto.executor.v1.Sandbox line(Sandbox sandbox) {
    SandboxRecord record = sandbox.record();
    dev.caisson.proto.executor.v1.Sandbox.Builder view =
        dev.caisson.proto.executor.v1.Sandbox.newBuilder();
    if (record.hasNetworkStatus() && !record.getLost()) {
      view.setNetworkStatus(record.getNetworkStatus());
    }
    return view.setTenant(record.getTenant())
        .setId(record.getId())
        .setUid(record.getUid())
        .setCreateTime(record.getCreateTime())
        .setInitPid(record.getInitPid())
        .setCgroup(record.getCgroup())
        .setLost(record.getLost())
        .addAllDegraded(sandbox.degraded())
        .addAllContainers(
            sandbox.containers().stream().map(c -> c.record().getId()).sorted().toList())
        .build();
  }

  static dev.caisson.proto.executor.v1.Container of(Container container) {
    ContainerRecord record = container.record();
    return line(container).toBuilder()
        .setSpec(record.getSpec())
        .addAllIgnored(record.getIgnoredList())
        .build();
  }

  /** As in a list: without what the document says, of which a few hundred would fill a message. */
  static dev.caisson.proto.executor.v1.Container line(Container container) {
    ContainerRecord record = container.record();
    dev.caisson.proto.executor.v1.Container.Builder view =
        dev.caisson.proto.executor.v1.Container.newBuilder()
            .setTenant(record.getTenant())
            .setId(record.getId())
            .setUid(record.getUid())
            .setSandboxId(container.sandbox().record().getId())
            .setSandboxUid(record.getSandboxUid())
            .setState(record.getState())
            .setPid(record.getPid())
            .setCreateTime(record.getCreateTime())
            .setCgroup(record.getCgroup())
            .setPlanSha256(record.getPlanSha256());
    if (record.hasStartTime()) {
      view.setStartTime(record.getStartTime());
    }
    container.log().ifPresent(log -> view.setLogDirectory(log.directory().toString()));
    if (record.hasExit()) {
      view.setExit(record.getExit());
    }
    return view.build();
  }

  /**
   * Every process of the container that there is now. By the time that a number is looked up it may
   * be a stranger's; he is not in the container when that is listed again.
   */
  List<ProcessInfo> processes(Container container) {
    Map<Integer, Seen> seen = new TreeMap<>();
    for (int pid : container.cgroup().processes()) {
      see(pid).ifPresent(process -> seen.put(pid, process));
    }
    Map<Integer, String> still = container.cgroup().members();
    seen.keySet().retainAll(still.keySet());
    // Where the container's first process is: others may be in namespaces below.
    int level = seen.values().stream().mapToInt(one -> one.status().level()).min().orElse(0);
    Map<Integer, String> ids = ids(container);
    return seen.entrySet().stream()
        .map(one ->
            info(container, one.getValue(), level)
                .setId(ids.getOrDefault(one.getKey(), ""))
                .setContainerParentPid(parent(one.getValue(), seen, level))
                .setCgroup(cgroup(one.getKey(), still))
                .build())
        .toList();
  }

  private static String cgroup(int pid, Map<Integer, String> members) {
    return Printable.of(members.getOrDefault(pid, ""), MAX_CGROUP);
  }

  private static int parent(Seen child, Map<Integer, Seen> all, int level) {
    Seen parent = all.get(child.stat().parent());
    return parent == null ? 0 : parent.status().number(level);
  }

  private static Map<Integer, String> ids(Container container) {
    Map<Integer, String> ids =
        container.execs().values().stream()
            .filter(exec -> !exec.exit().isDone())
            .collect(Collectors.toMap(exec -> exec.record().getPid(), ExecedProcess::id));
    ids.put(container.record().getPid(), Containers.INIT);
    return ids;
  }

  /**
   * One that was started in the container by the executor, so that it is in its PID namespace, has
   * no parent there, and is known by its number and its start.
   *
   * @param startTicks as {@link ProcessStat} has them
   */
  Optional<ProcessInfo> process(Container container, int pid, long startTicks, String id) {
    Optional<ProcessInfo> found =
        see(pid)
            .map(seen ->
                info(container, seen, seen.status().level())
                    .setId(id)
                    .setCgroup(cgroup(pid, container.cgroup().members()))
                    .build());
    return proc.startTicks(pid) == startTicks ? found : Optional.empty();
  }

  /** What is known of whatever process has a number now. */
  private record Seen(ProcessStat stat, ProcessStatus status) {}

  private Optional<Seen> see(int pid) {
    return proc.stat(pid)
        .filter(stat -> !stat.hasEnded())
        .flatMap(stat -> proc.status(pid).map(status -> new Seen(stat, status)));
  }

  /**
   * What its own files say.
   *
   * @param level of the container's PID namespace, below ours
   */
  private ProcessInfo.Builder info(Container container, Seen seen, int level) {
    ProcessStat stat = seen.stat();
    SandboxRecord sandbox = container.sandbox().record();
    return ProcessInfo.newBuilder()
        .setPid(stat.pid())
        .setContainerPid(seen.status().number(level))
        .setParentPid(stat.parent())
        .setUid(inside(sandbox.getUidMappingsList(), seen.status().user()))
        .setGid(inside(sandbox.getGidMappingsList(), seen.status().group()))
        .setCommand(stat.command())
        .setTty(stat.pseudoTerminal().orElse(""))
        .setCpuNanos(stat.cpu().toNanos())
        .setUserNanos(stat.user().toNanos())
        .setSystemNanos(stat.system().toNanos())
        .setCpuPercent(proc.cpuPercent(stat))
        .setThreads(stat.threads())
        .setStartTime(Exits.timestamp(proc.startTime(stat)));
  }

  /**
   * An id of the host as the container's user namespace has it; what it does not map shows as the
   * overflow id.
   */
  private static int inside(List<IdMapping> mappings, int id) {
    if (mappings.isEmpty()) {
      return id;
    }
    return mappings.stream()
        .filter(map -> Integer.compareUnsigned(id - map.getHostId(), map.getSize()) < 0)
        .findFirst()
        .map(map -> map.getContainerId() + (id - map.getHostId()))
        .orElse(OVERFLOW_ID);
  }
}
