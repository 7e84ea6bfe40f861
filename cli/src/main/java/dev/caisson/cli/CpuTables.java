package dev.caisson.cli;

import dev.caisson.proto.audit.v1.ContainerCpuWindow;
import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.audit.v1.GetCpuWindowResponse;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.util.List;
import java.util.Locale;

/** What sandboxes are charged, in all or in a window, as tables that add up. */
final class CpuTables {
  private CpuTables() {}

  static String totals(List<CpuApportioned> sandboxes) {
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
          CpuRates.state(one));
    }
    if (sandbox.getRetiredNanos() > 0) {
      addOther(table, sandbox, "(long gone)", sandbox.getRetiredNanos());
    }
    addOther(table, sandbox, CpuRates.NOBODY, sandbox.getUnattributedNanos());
    long sum = sum(sandbox);
    table.row(
        sandbox.getSandboxId(),
        "= sum",
        Text.seconds(sum),
        "",
        "",
        "",
        verdict(sum, sandbox.getCgroupNanos()));
  }

  private static void addOther(Table table, CpuApportioned sandbox, String who, long nanos) {
    String share = share(nanos, sandbox.getCgroupNanos());
    table.row(sandbox.getSandboxId(), who, Text.seconds(nanos), "", "", share, "");
  }

  private static long sum(CpuApportioned sandbox) {
    return sandbox.getUnattributedNanos()
        + sandbox.getRetiredNanos()
        + sandbox.getContainersList().stream().mapToLong(ContainerCpu::getTotalNanos).sum();
  }

  static String windows(GetCpuWindowResponse windows) {
    Table table = new Table("SANDBOX", "CONTAINER", ">CHARGED (s)", ">CPUs", "FROM", "TO", "");
    windows.getSandboxesList().forEach(one -> addWindow(table, one));
    return table.toString();
  }

  private static void addWindow(Table table, CpuWindow window) {
    long sum = window.getUnattributedNanos() + window.getRetiredNanos();
    for (ContainerCpuWindow one : window.getContainersList()) {
      sum += one.getNanos();
      table.row(
          window.getSandboxId(),
          one.getContainerId(),
          Text.seconds(one.getNanos()),
          String.format(Locale.ROOT, "%.3f", one.getCpus()),
          "",
          "",
          "");
    }
    String nobody = Text.seconds(window.getUnattributedNanos() + window.getRetiredNanos());
    table.row(window.getSandboxId(), "(others)", nobody, "", "", "", "");
    table.row(
        window.getSandboxId(),
        "= sum",
        Text.seconds(sum),
        String.format(Locale.ROOT, "%.3f", window.getCpus()),
        Text.time(window.getStart()),
        Text.time(window.getEnd()),
        (window.getTruncated() ? "the history begins later; " : "")
            + verdict(sum, window.getCgroupNanos()));
  }

  private static String verdict(long sum, long cgroup) {
    return sum == cgroup
        ? "= the cgroup's, exactly"
        : "BUT the cgroup's is " + Text.seconds(cgroup);
  }

  private static String share(long part, long whole) {
    return whole == 0 ? "-" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
  }
}
