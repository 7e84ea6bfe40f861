package dev.caisson.cli;

import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.PlanContainerRequest;
import dev.caisson.proto.v1.PlanContainerResponse;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "plan",
    description = {
      "Shows what the creation of a container would do, system call by system call, without doing it:",
      "first what makes its sandbox, where it gets one of its own.",
      "The digest is the one that the record keeps of the container that is then made."
    })
final class PlanCommand implements Callable<Integer>, CommandWords {
  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();
  @Mixin private ContainerOptions options = new ContainerOptions();

  @Override
  public Integer call() {
    CreateContainerRequest create = options.request(target.names());
    // Whoever makes a terminal is at it.
    boolean attach = ContainerOptions.hasTerminal(create);
    PlanContainerRequest request =
        PlanContainerRequest.newBuilder().setCreate(create.toBuilder().setAttach(attach)).build();
    PlanContainerResponse plan = target.containers().planContainer(request);
    Warnings.print(plan.getIgnoredList(), output);
    Warnings.printFindings(plan.getFindingsList(), output);
    output.print(plan, PlanCommand::text);
    return Exit.OK;
  }

  private static String text(PlanContainerResponse plan) {
    String sandbox =
        plan.getSandboxStepsCount() == 0
            ? ""
            : "# its sandbox\n"
                + String.join("\n", plan.getSandboxStepsList())
                + "\n# the container\n";
    return sandbox
        + String.join("\n", plan.getStepsList())
        + "\n# "
        + plan.getStepsCount()
        + " steps, sha256 "
        + HexFormat.of().formatHex(plan.getSha256().toByteArray())
        + "\n";
  }
}
