package dev.caisson.cli;

import dev.caisson.cli.AttachedCall.Answer;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.AttachContainerRequest;
import dev.caisson.proto.v1.AttachContainerResponse;
import dev.caisson.proto.v1.GetContainerRequest;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "attach",
    description = {
      "Takes up the streams of a container that runs, and passes its exit code on.",
      "Others who are attached stay so, and see the same."
    })
final class AttachCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();

  @SuppressWarnings("UnusedVariable") // Read by ErrorReport: the streams are the program's.
  @Mixin
  private Output output = new Output();

  @Mixin private Detaching detaching = new Detaching();

  @Option(
      names = "--process",
      paramLabel = "ID",
      description = "One that exec started, as `ps ID` shows it (default: the container's first).")
  private String process = "";

  @Option(
      names = {"-t", "--tty"},
      description = "The process of --process is at a terminal; ours passes its keys and size on.")
  private boolean tty;

  @Option(
      names = {"-n", "--no-stdin"},
      description = "Leave standard input alone, the program's too: only watch.")
  private boolean noInput;

  @Parameters(paramLabel = "ID", description = "The container: its id, or the beginning of it.")
  private String id = "";

  @Override
  public Integer call() {
    String name = Lookup.container(target, id);
    DetachKeys keys = detaching.keys();
    boolean terminal = process.isEmpty() ? hasTerminal(name) : tty;
    if (terminal) {
      AttachedTerminal.require(!noInput);
    }
    AttachedCall<AttachContainerRequest, AttachContainerResponse> call =
        new AttachedCall<>(
            terminal
                ? AttachedTerminal.streams(!noInput, keys)
                : AttachedCall.Streams.ofThisProcess(!noInput),
            input -> AttachContainerRequest.newBuilder().setInput(input).build(),
            AttachCommand::answer);
    SignalForwarding.to(call::signal);
    return detaching.exit(
        call,
        () ->
            terminal
                ? AttachedTerminal.run(call, !noInput, () -> run(call, name, true))
                : run(call, name, false),
        () -> comeBack(process, Names.id(name), terminal));
  }

  /**
   * What attaches again.
   *
   * @param process empty: the container's first
   */
  static String comeBack(String process, String id, boolean terminal) {
    String words =
        process.isEmpty() ? "" : (terminal ? "--tty " : "") + "--process " + process + " ";
    return "caisson attach " + words + id;
  }

  private boolean hasTerminal(String name) {
    return target
        .containers()
        .getContainer(GetContainerRequest.newBuilder().setName(name).build())
        .getSpec()
        .getProcess()
        .getTerminal();
  }

  private Optional<ExitStatus> run(
      AttachedCall<AttachContainerRequest, AttachContainerResponse> call,
      String name,
      boolean terminal) {
    if (terminal && !noInput) {
      LocalTerminal.size().ifPresent(call::resize);
    }
    AttachContainerRequest first =
        AttachContainerRequest.newBuilder().setAttach(name).setProcessId(process).build();
    return call.runStarted(target.streaming()::attachContainer, first, !noInput);
  }

  private static Answer answer(AttachContainerResponse response) {
    return switch (response.getMessageCase()) {
      case OUTPUT -> new Answer.Wrote(response.getOutput());
      case EXITED -> new Answer.Exited(response.getExited());
      case MESSAGE_NOT_SET -> new Answer.Created();
    };
  }
}
