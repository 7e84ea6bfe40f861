package dev.caisson.executor.sandbox;

import dev.caisson.executor.procfs.ProcessStat;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.types.v1.IdMapping;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What callers are shown of sandboxes, containers and processes. Takes no turn in any queue. */
final class Views {
  /** {@code /proc/sys/kernel/overflowuid}, unless somebody has changed it. */
  private static final int OVERFLOW_ID = 65_534;

  private final TrustedProc proc;

  Views(TrustedProc proc) {
    this.proc = proc;
  }

  static dev.caisson.proto.executor.v1.Sandbox of(Sandbox sandbox) {
    SandboxRecord record = sandbox.record();
    return dev.caisson.proto.executor.v1.Sandbox.newBuilder()
        .setTenant(record.getTenant())
        .setId(record.getId())
        .setUid(record.getUid())
        .setCreateTime(record.getCreateTime())
        .setInitPid(record.getInitPid())
        .setCgroup(record.getCgroup())
        .setLost(record.getLost())
        .putAllAnnotations(record.getAnnotationsMap())
        .addAllContainers(
            sandbox.containers().stream().map(c -> c.record().getId()).sorted().toList())
        .build();
  }

  static dev.caisson.proto.executor.v1.Container of(Container container) {
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
            .setSpec(record.getSpec())
            .setPlanSha256(record.getPlanSha256())
            .addAllIgnored(record.getIgnoredList());
    if (record.hasStartTime()) {
      view.setStartTime(record.getStartTime());
    }
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
    Map<Integer, String> ids = ids(container);
    List<ProcessInfo> found = new ArrayList<>();
    for (int pid : container.cgroup().processes()) {
      process(container, pid, ids.getOrDefault(pid, "")).ifPresent(found::add);
    }
    Set<Integer> still = Set.copyOf(container.cgroup().processes());
    return found.stream().filter(process -> still.contains(process.getPid())).toList();
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
   * One that is known by its number and its start.
   *
   * @param startTicks as {@link ProcessStat} has them
   */
  Optional<ProcessInfo> process(Container container, int pid, long startTicks, String id) {
    Optional<ProcessInfo> found = process(container, pid, id);
    return proc.startTicks(pid) == startTicks ? found : Optional.empty();
  }

  private Optional<ProcessInfo> process(Container container, int pid, String id) {
    Optional<ProcessStat> stat = proc.stat(pid);
    Optional<String> status = proc.read(pid, "status");
    if (stat.isEmpty() || status.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        ProcessInfo.newBuilder()
            .setId(id)
            .setPid(pid)
            .setContainerPid(TrustedProc.innermostPid(status.get()))
            .setParentPid(stat.get().parent())
            .setUid(inside(container, first(status.get(), "Uid:")))
            .setCommand(stat.get().command())
            .setCpuNanos(stat.get().cpu().toNanos())
            .setThreads(stat.get().threads())
            .setStartTime(Exits.timestamp(proc.startTime(stat.get())))
            .build());
  }

  /**
   * A user id of the host as the container's user namespace has it; what it does not map shows as
   * the overflow id.
   */
  private static int inside(Container container, int uid) {
    List<IdMapping> mappings = container.sandbox().record().getUidMappingsList();
    if (mappings.isEmpty()) {
      return uid;
    }
    return mappings.stream()
        .filter(map -> Integer.compareUnsigned(uid - map.getHostId(), map.getSize()) < 0)
        .findFirst()
        .map(map -> map.getContainerId() + (uid - map.getHostId()))
        .orElse(OVERFLOW_ID);
  }

  private static int first(String status, String field) {
    String[] values = values(status, field);
    return values.length == 0 ? 0 : Integer.parseUnsignedInt(values[0]);
  }

  /** Of one line of proc_pid_status(5). */
  private static String[] values(String status, String field) {
    return status
        .lines()
        .filter(line -> line.startsWith(field))
        .findFirst()
        .map(line -> line.substring(field.length()).strip().split("\\s+"))
        .orElse(new String[0]);
  }
}
