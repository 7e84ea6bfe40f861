package dev.caisson.cli;

import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.WaitContainerRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "wait",
    description = {
      "Waits until a container's program has ended, prints its exit code and ends with it.",
      "Answers at once, any number of times, until the container is deleted."
    })
final class WaitCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();

  @Option(
      names = "--process",
      paramLabel = "ID",
      description = "An exec'd process instead of the container's first.")
  private String process = "";

  @Parameters(paramLabel = "ID", description = "The container: its id, or the beginning of it.")
  private String id = "";

  @Override
  public Integer call() {
    WaitContainerRequest request =
        WaitContainerRequest.newBuilder()
            .setName(Lookup.container(target, id))
            .setProcessId(process)
            .build();
    ExitStatus status = target.waiting().waitContainer(request).getStatus();
    output.print(status, ended -> Exit.of(ended) + "\n");
    return Exit.of(status);
  }
}
