package dev.caisson.gateway.api;

import dev.caisson.gateway.names.ContainerName;
import dev.caisson.gateway.names.SandboxName;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.LogEntry;
import dev.caisson.proto.v1.Process;
import dev.caisson.proto.v1.Sandbox;

/** The executor's resources as the public API shows them. */
final class Resources {
  private Resources() {}

  static Sandbox sandbox(dev.caisson.proto.executor.v1.Sandbox from) {
    Sandbox.Builder to = Sandbox.newBuilder();
    if (from.hasNetwork()) {
      to.setNetwork(from.getNetwork());
    }
    if (from.hasNetworkStatus()) {
      to.setNetworkStatus(from.getNetworkStatus());
    }
    if (from.hasResources()) {
      to.setResources(from.getResources());
    }
    return to.setName(new SandboxName(from.getTenant(), from.getId()).toString())
        .setUid(from.getUid())
        .setCreateTime(from.getCreateTime())
        .setCgroup(from.getCgroup())
        .setLost(from.getLost())
        .putAllAnnotations(from.getAnnotationsMap())
        .addAllVolumes(from.getVolumesList())
        .addAllDegraded(from.getDegradedList())
        .build();
  }

  static Container container(dev.caisson.proto.executor.v1.Container from) {
    Container.Builder to =
        Container.newBuilder()
            .setName(
                new ContainerName(from.getTenant(), from.getSandboxId(), from.getId()).toString())
            .setUid(from.getUid())
            .setState(from.getState())
            .setPid(from.getPid())
            .setCreateTime(from.getCreateTime())
            .setCgroup(from.getCgroup())
            .setPlanSha256(from.getPlanSha256())
            .setLogDirectory(from.getLogDirectory())
            .addAllIgnored(from.getIgnoredList());
    if (from.hasStartTime()) {
      to.setStartTime(from.getStartTime());
    }
    if (from.hasExit()) {
      to.setExit(from.getExit());
    }
    if (from.hasSpec()) {
      to.setSpec(from.getSpec());
    }
    return to.build();
  }

  static LogEntry logEntry(dev.caisson.proto.executor.v1.LogEntry from) {
    return LogEntry.newBuilder()
        .setTime(from.getTime())
        .setStreamValue(from.getStreamValue())
        .setData(from.getData())
        .setPartial(from.getPartial())
        .setNotice(from.getNotice())
        .build();
  }

  static Process process(dev.caisson.proto.executor.v1.ProcessInfo from) {
    return Process.newBuilder()
        .setId(from.getId())
        .setPid(from.getPid())
        .setContainerPid(from.getContainerPid())
        .setParentPid(from.getParentPid())
        .setUid(from.getUid())
        .setCommand(from.getCommand())
        .setStartTime(from.getStartTime())
        .setCpuNanos(from.getCpuNanos())
        .setThreads(from.getThreads())
        .setGid(from.getGid())
        .setContainerParentPid(from.getContainerParentPid())
        .setTty(from.getTty())
        .setCpuPercent(from.getCpuPercent())
        .setUserNanos(from.getUserNanos())
        .setSystemNanos(from.getSystemNanos())
        .setCgroup(from.getCgroup())
        .build();
  }
}
