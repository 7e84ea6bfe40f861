package dev.caisson.cli;

import dev.caisson.proto.v1.SignalContainerRequest;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "kill",
    description =
        "Sends a signal to a container's first process, to all, or to the foreground of a terminal.")
final class KillCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = Output.ofNames();

  @Option(
      names = {"-a", "--all"},
      description = "To every process of the container.")
  private boolean all;

  @Option(
      names = "--foreground",
      description = "To those in the foreground of the process's terminal, as by a key.")
  private boolean foreground;

  @Option(names = "--process", paramLabel = "ID", description = "To this exec'd process.")
  private String process = "";

  @Parameters(
      index = "0",
      paramLabel = "ID",
      description = "The container: its id, or the beginning of it.")
  private String id = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "SIGNAL",
      defaultValue = "TERM",
      description = "TERM, SIGTERM or 15 (default: ${DEFAULT-VALUE}).")
  private String signal = "TERM";

  @Override
  public Integer call() {
    String name = Lookup.container(target, id);
    SignalContainerRequest request =
        SignalContainerRequest.newBuilder()
            .setName(name)
            .setProcessId(process)
            .setSignal(Signals.parse(signal))
            .setAll(all)
            .setForeground(foreground)
            .build();
    output.print(target.containers().signalContainer(request), _ -> "", _ -> List.of(name));
    return Exit.OK;
  }
}
