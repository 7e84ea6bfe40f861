package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "create",
    description = "Makes a container up to the point where its program would start; prints its id.")
final class CreateCommand implements Callable<Integer>, CommandWords {
  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();
  @Mixin private ContainerOptions options = new ContainerOptions();
  @Mixin private PidFile pidFile = new PidFile();

  @Override
  public Integer call() {
    pidFile.requirePlace();
    Container made = target.containers().createContainer(options.request(target.names()));
    Warnings.print(made.getIgnoredList(), output);
    DeleteCommand.whereFails(target, made, () -> pidFile.write(made.getPid()));
    output.print(made, container -> Names.id(container.getName()) + "\n");
    return Exit.OK;
  }
}
