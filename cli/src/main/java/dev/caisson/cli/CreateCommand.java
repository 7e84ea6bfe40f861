package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "create",
    description = "Makes a container up to the point where its program would start; prints its id.")
final class CreateCommand implements Callable<Integer>, CommandWords {
  @Mixin private Target target = new Target();
  @Mixin private Output output = Output.ofNames();
  @Mixin private ContainerOptions options = new ContainerOptions();
  @Mixin private PidFile pidFile = new PidFile();

  @Option(
      names = "--request-id",
      paramLabel = "REQUEST",
      description =
          "At most 128 bytes. Who was cut off repeats the same command with it, and --id: what was"
              + " made then is answered again, and nothing is made twice (default: one is made"
              + " up).")
  @Nullable String requestId;

  @Override
  public Integer call() {
    pidFile.requirePlace();
    CreateContainerRequest request = options.request(target.names());
    if (requestId != null) {
      request = request.toBuilder().setRequestId(requestId).build();
    }
    Container made = target.containers().createContainer(request);
    Warnings.print(made.getIgnoredList(), output);
    DeleteCommand.whereFails(target, made, () -> pidFile.write(made.getPid()));
    output.print(made, RunCommand::id, one -> List.of(one.getName()));
    return Exit.OK;
  }
}
