package dev.caisson.cli;

import dev.caisson.cli.AttachedCall.Answer;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.proto.v1.StartContainerRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "run",
    description = {
      "Runs a program in a container and passes its streams and its exit code on.",
      "The container is deleted when the program ends, unless it was left by --detach-keys."
    })
final class RunCommand implements Callable<Integer>, CommandWords {
  @Mixin private Target target = new Target();
  @Mixin private Output output = Output.ofNames();
  @Mixin private ContainerOptions options = new ContainerOptions();
  @Mixin private PidFile pidFile = new PidFile();
  @Mixin private Detaching detaching = new Detaching();

  @Option(
      names = {"-d", "--detach"},
      description = "Print the container's id and leave it running.")
  private boolean detach;

  @Option(
      names = {"-n", "--no-stdin"},
      description = "Leave standard input alone: the program reads an empty one.")
  private boolean noInput;

  /** On the host. It is told once, before anything that comes of the process. */
  private int pid;

  @Override
  public Integer call() {
    if (options.changes.tty) {
      requireTerminal();
    }
    if (!detach) {
      output.refuseNames("what the program puts out is passed on; --detach prints the id");
    }
    pidFile.requirePlace();
    CreateContainerRequest create = options.request(target.names());
    return detach ? detached(create) : attached(create);
  }

  private void requireTerminal() {
    if (detach) {
      throw CliException.usage(
          "--tty must be without --detach: nobody would be at the terminal",
          "leave one of them out");
    }
    AttachedTerminal.require(!noInput);
  }

  private int detached(CreateContainerRequest create) {
    Container made = target.containers().createContainer(create);
    Warnings.print(made.getIgnoredList(), output);
    DeleteCommand.whereFails(
        target,
        made,
        () -> output.print(start(made), RunCommand::id, one -> List.of(one.getName())));
    return Exit.OK;
  }

  static String id(Container container) {
    return Names.id(container.getName()) + "\n";
  }

  private Container start(Container made) {
    Container started =
        target
            .containers()
            .startContainer(StartContainerRequest.newBuilder().setName(made.getName()).build());
    pidFile.write(made.getPid()); // it may have ended by now
    return started;
  }

  private int attached(CreateContainerRequest create) {
    DetachKeys keys = detaching.keys();
    boolean terminal = ContainerOptions.hasTerminal(create);
    AttachedCall<RunContainerRequest, RunContainerResponse> call =
        new AttachedCall<>(
            terminal
                ? AttachedTerminal.streams(!noInput, keys)
                : AttachedCall.Streams.ofThisProcess(!noInput),
            input -> RunContainerRequest.newBuilder().setInput(input).build(),
            response -> answer(response, terminal && !noInput));
    SignalForwarding.to(call::signalOrCancel);
    return detaching.exit(
        call,
        () ->
            terminal
                ? AttachedTerminal.run(call, !noInput, () -> run(call, create))
                : run(call, create),
        () -> AttachCommand.comeBack("", create.getContainerId(), terminal));
  }

  private Optional<ExitStatus> run(
      AttachedCall<RunContainerRequest, RunContainerResponse> call, CreateContainerRequest create) {
    return call.run(
        target.streaming()::runContainer,
        RunContainerRequest.newBuilder().setCreate(create).build());
  }

  private Answer answer(RunContainerResponse response, boolean raw) {
    Warnings.print(response.getCreated().getIgnoredList(), output, raw);
    if (response.hasCreated()) {
      pid = response.getCreated().getPid();
    }
    return switch (response.getMessageCase()) {
      case STARTED -> {
        pidFile.write(pid);
        yield new Answer.Started();
      }
      case OUTPUT -> new Answer.Wrote(response.getOutput());
      case EXITED -> new Answer.Exited(response.getExited());
      case CREATED, MESSAGE_NOT_SET -> new Answer.Created();
    };
  }
}
