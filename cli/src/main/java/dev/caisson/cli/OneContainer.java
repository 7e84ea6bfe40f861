package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A verb that changes one container and shows what has become of it. */
abstract class OneContainer implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = Output.ofNames();

  @Parameters(paramLabel = "ID", description = "The container: its id, or the beginning of it.")
  private String id = "";

  abstract Container change(Target target, String name);

  @Override
  public Integer call() {
    output.print(
        change(target, Lookup.container(target, id)),
        PsCommand::brief,
        one -> List.of(one.getName()));
    return Exit.OK;
  }
}
