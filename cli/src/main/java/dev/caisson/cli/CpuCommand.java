package dev.caisson.cli;

import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.audit.v1.GetCpuUsageResponse;
import dev.caisson.proto.audit.v1.WatchCpuUsageRequest;
import dev.caisson.proto.audit.v1.WatchCpuUsageResponse;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "cpu",
    description = {
      "Shows the CPU time that each container is charged, in seconds.",
      "The charges of a sandbox sum to what its cgroup used, to the nanosecond."
    })
final class CpuCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();

  @Option(
      names = "--container",
      paramLabel = "ID|UID",
      description = "Only sandboxes with this container.")
  private String container = "";

  @Option(
      names = {"-w", "--watch"},
      description = "Go on with each new record; a SANDBOX must be given.")
  private boolean watch;

  @Parameters(
      arity = "0..1",
      paramLabel = "SANDBOX",
      description = "Only this sandbox, by id or uid.")
  private String sandbox = "";

  @Override
  public Integer call() {
    if (watch) {
      watch();
    } else {
      output.print(newest(), answer -> table(answer.getSandboxesList()));
    }
    return Exit.OK;
  }

  private GetCpuUsageResponse newest() {
    GetCpuUsageRequest request =
        GetCpuUsageRequest.newBuilder()
            .setTenant(target.tenant)
            .setSandbox(sandbox)
            .setContainer(container)
            .build();
    return target.audit().getCpuUsage(request);
  }

  private void watch() {
    if (sandbox.isEmpty()) {
      throw CliException.usage("SANDBOX must be given with --watch");
    }
    WatchCpuUsageRequest request =
        WatchCpuUsageRequest.newBuilder().setTenant(target.tenant).setSandbox(sandbox).build();
    Iterator<WatchCpuUsageResponse> records = target.watchingAudit().watchCpuUsage(request);
    while (records.hasNext()) {
      output.printLine(records.next(), record -> table(List.of(record.getUsage())));
    }
  }

  static String table(List<CpuApportioned> sandboxes) {
    Table table =
        new Table(
            "SANDBOX",
            "CONTAINER",
            ">CHARGED (s)",
            ">MEASURED (s)",
            ">OVERHEAD (s)",
            ">SHARE",
            "STATE");
    sandboxes.forEach(one -> addSandbox(table, one));
    return table.toString();
  }

  private static void addSandbox(Table table, CpuApportioned sandbox) {
    for (ContainerCpu one : sandbox.getContainersList()) {
      table.row(
          sandbox.getSandboxId(),
          one.getContainerId(),
          Text.seconds(one.getTotalNanos()),
          Text.seconds(one.getMeasuredNanos()),
          Text.seconds(one.getOverheadNanos()),
          share(one.getTotalNanos(), sandbox.getCgroupNanos()),
          one.getExited() ? "final" : "running");
    }
    String id = sandbox.getSandboxId();
    table.row(
        id,
        "(nobody)",
        Text.seconds(sandbox.getUnattributedNanos()),
        "",
        "",
        share(sandbox.getUnattributedNanos(), sandbox.getCgroupNanos()),
        "");
    table.row(id, "= sum", Text.seconds(sum(sandbox)), "", "", "", verdict(sandbox));
  }

  static long sum(CpuApportioned sandbox) {
    return sandbox.getUnattributedNanos()
        + sandbox.getContainersList().stream().mapToLong(ContainerCpu::getTotalNanos).sum();
  }

  private static String verdict(CpuApportioned sandbox) {
    return sum(sandbox) == sandbox.getCgroupNanos()
        ? "= the cgroup's, exactly"
        : "BUT the cgroup's is " + Text.seconds(sandbox.getCgroupNanos());
  }

  private static String share(long part, long whole) {
    return whole == 0 ? "-" : String.format(java.util.Locale.ROOT, "%.1f %%", 100.0 * part / whole);
  }
}
