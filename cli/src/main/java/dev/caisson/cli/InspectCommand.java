package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.GetContainerRequest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "inspect",
    aliases = "state",
    description = "Shows one container; with --output json, everything that is known of it.")
final class InspectCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = Output.ofNames();

  @Parameters(paramLabel = "ID", description = "The container: its id, or the beginning of it.")
  private String id = "";

  @Override
  public Integer call() {
    GetContainerRequest request =
        GetContainerRequest.newBuilder().setName(Lookup.container(target, id)).build();
    output.print(
        target.containers().getContainer(request),
        InspectCommand::table,
        one -> List.of(one.getName()));
    return Exit.OK;
  }

  private static String table(Container one) {
    Table table = new Table("FIELD", "VALUE");
    table
        .row("name", one.getName())
        .row("uid", one.getUid())
        .row("state", Text.state(one.getState()))
        .row("pid", one.getPid() == 0 ? "-" : String.valueOf(one.getPid()))
        .row("created", Text.time(one.getCreateTime()))
        .row("started", Text.time(one.getStartTime()))
        .row("exit", one.hasExit() ? Text.exit(one.getExit()) : "-")
        .row("cgroup", one.getCgroup())
        .row("plan", "sha256 " + HexFormat.of().formatHex(one.getPlanSha256().toByteArray()));
    one.getIgnoredList().forEach(field -> table.row("ignored", Warnings.sentence(field)));
    return table.toString();
  }
}
