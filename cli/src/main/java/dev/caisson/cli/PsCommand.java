package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.ListProcessesRequest;
import dev.caisson.proto.v1.ListProcessesResponse;
import dev.caisson.proto.v1.Process;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "ps", description = "Lists the containers, or the processes of one.")
final class PsCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = Output.ofNames();

  @Option(
      names = {"-q", "--quiet"},
      description = "Only the ids.")
  private boolean quiet;

  @Option(names = "--sandbox", paramLabel = "ID", description = "Only of this sandbox.")
  private String sandbox = "-";

  @Parameters(
      arity = "0..1",
      paramLabel = "ID",
      description = "The container whose processes to list.")
  private @Nullable String id;

  @Override
  public Integer call() {
    if (id == null) {
      output.print(
          Lookup.all(target, sandbox), quiet ? PsCommand::ids : PsCommand::table, PsCommand::names);
    } else {
      output.refuseNames("processes have numbers");
      output.print(processes(Lookup.container(target, id)), PsCommand::table);
    }
    return Exit.OK;
  }

  private ListProcessesResponse processes(String name) {
    return target
        .containers()
        .listProcesses(ListProcessesRequest.newBuilder().setName(name).build());
  }

  private static List<String> names(ListContainersResponse containers) {
    return containers.getContainersList().stream().map(Container::getName).toList();
  }

  private static String ids(ListContainersResponse containers) {
    StringBuilder ids = new StringBuilder();
    containers.getContainersList().forEach(one -> ids.append(Names.id(one.getName())).append('\n'));
    return ids.toString();
  }

  private static String table(ListContainersResponse containers) {
    Table table = new Table("CONTAINER", "SANDBOX", "STATE", ">PID", "EXIT", "CREATED");
    for (Container one : containers.getContainersList()) {
      table.row(
          Names.id(one.getName()),
          Names.sandboxOf(one.getName()),
          Text.state(one.getState()),
          one.getPid() == 0 ? "-" : String.valueOf(one.getPid()),
          one.hasExit() ? Text.exit(one.getExit()) : "-",
          Text.time(one.getCreateTime()));
    }
    return table.toString();
  }

  private static String table(ListProcessesResponse processes) {
    Instant now = Instant.now();
    Table table =
        new Table(
            ">UID",
            ">PID",
            ">PPID",
            ">C",
            "TTY",
            "STIME",
            ">TIME",
            ">THREADS",
            ">HOST PID",
            "CGROUP",
            "PROCESS",
            "CMD");
    for (Process one : processes.getProcessesList()) {
      table.row(
          Integer.toUnsignedString(one.getUid()),
          String.valueOf(one.getContainerPid()),
          String.valueOf(one.getContainerParentPid()),
          String.valueOf(one.getCpuPercent()),
          one.getTty().isEmpty() ? "?" : one.getTty(),
          Text.start(one.getStartTime(), now, ZoneId.systemDefault()),
          Text.cpuTime(one.getCpuNanos()),
          String.valueOf(one.getThreads()),
          String.valueOf(one.getPid()),
          one.getCgroup().isEmpty() ? "-" : one.getCgroup(),
          one.getId().isEmpty() ? "-" : one.getId(),
          one.getCommand());
    }
    return table.toString();
  }

  /** One container on one line. */
  static String brief(Container one) {
    return Names.id(one.getName()) + " " + Text.state(one.getState()) + "\n";
  }
}
