package dev.caisson.cli;

import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.DeleteContainerRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "delete",
    aliases = "rm",
    description = "Removes containers that have ended, or any when forced.")
final class DeleteCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = Output.ofNames();

  @Option(
      names = {"-f", "--force"},
      description = "Kill what still runs; a container that is not there counts as deleted.")
  private boolean force;

  @Parameters(
      arity = "1..*",
      paramLabel = "ID",
      description = "The containers: their ids, or without force the beginnings of them.")
  private List<String> ids = new ArrayList<>();

  @Override
  public Integer call() {
    return output.each(ids, id -> output.printName(delete(target, id, force)));
  }

  /** Nothing is left of a container with which something further could not be done. */
  static void whereFails(Target target, Container made, Runnable further) {
    try {
      further.run();
    } catch (RuntimeException failed) {
      var _ = delete(target, Names.id(made.getName()), true);
      throw failed;
    }
  }

  /**
   * By force only what is named in full: another may begin as one that is gone.
   *
   * @return the full name
   */
  private static String delete(Target target, String id, boolean force) {
    String name = force ? target.names().container(id) : Lookup.container(target, id);
    var _ =
        target
            .containers()
            .deleteContainer(
                DeleteContainerRequest.newBuilder()
                    .setName(name)
                    .setForce(force)
                    .setAllowMissing(force)
                    .build());
    return name;
  }
}
