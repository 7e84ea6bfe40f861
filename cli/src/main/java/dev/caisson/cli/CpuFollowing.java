package dev.caisson.cli;

import dev.caisson.proto.audit.v1.WatchCpuUsageRequest;
import dev.caisson.proto.audit.v1.WatchCpuUsageResponse;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.util.Iterator;
import java.util.List;

/**
 * Follows what is charged: on a terminal as a table that is drawn over again, as JSON one document
 * for each record, and elsewhere a line for each container that is not final.
 */
final class CpuFollowing {
  private final Output output;
  private final CpuRates rates = new CpuRates();
  private final boolean all;

  /**
   * @param all not one sandbox: those that are gone leave the table
   */
  CpuFollowing(Output output, boolean all) {
    this.output = output;
    this.all = all;
  }

  static void follow(Target target, Output output, String sandbox) {
    WatchCpuUsageRequest request =
        WatchCpuUsageRequest.newBuilder().setTenant(target.tenant()).setSandbox(sandbox).build();
    new CpuFollowing(output, sandbox.isEmpty())
        .follow(target.waitingAudit().watchCpuUsage(request));
  }

  private void follow(Iterator<WatchCpuUsageResponse> records) {
    if (output.isForPrograms() || !RedrawnScreen.isPossible()) {
      records.forEachRemaining(this::print);
      return;
    }
    try (RedrawnScreen screen =
        RedrawnScreen.start(output.out(), size -> CpuScreen.lines(rates.rows(), size))) {
      while (records.hasNext()) {
        take(records.next().getUsage());
        screen.changed();
      }
    }
  }

  void print(WatchCpuUsageResponse record) {
    rates.take(record.getUsage());
    List<CpuRates.Row> rows = rates.rows(record.getUsage().getSandboxUid());
    if (output.isForPrograms() || !rows.isEmpty()) {
      output.printLine(record, one -> CpuFollowing.text(one.getUsage(), rows));
    }
    if (record.getUsage().getLast()) {
      rates.forget(record.getUsage().getSandboxUid());
    }
  }

  private void take(CpuApportioned figures) {
    rates.take(figures);
    if (figures.getLast() && all) {
      rates.forget(figures.getSandboxUid());
    }
  }

  private static String text(CpuApportioned figures, List<CpuRates.Row> rows) {
    String time = Text.time(figures.getTime());
    return String.join(
        "\n",
        rows.stream()
            .map(row ->
                String.join(
                    "  ",
                    time,
                    row.sandbox() + "/" + row.container(),
                    CpuScreen.cpus(row.cpus()) + " CPUs",
                    Text.seconds(row.nanos()) + " s",
                    row.state()))
            .map(String::stripTrailing)
            .toList());
  }
}
