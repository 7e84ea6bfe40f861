package dev.caisson.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.caisson.cli.AttachedCall.Answer;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.GetContainerRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "exec",
    description =
        "Runs a further program in a running container and passes its streams and exit code on.")
final class ExecCommand implements Callable<Integer>, CommandWords {
  @Mixin private Target target = new Target();

  @Mixin private Output output = Output.ofNames();
  @Mixin private PidFile pidFile = new PidFile();
  @Mixin private Rights rights = new Rights();

  @Option(
      names = {"-d", "--detach"},
      description = "Print the process's id and leave it running, without streams.")
  private boolean detach;

  @Mixin private Detaching detaching = new Detaching();

  @Option(
      names = {"-e", "--env"},
      paramLabel = "NAME=VALUE",
      description = "Add to the container's environment; repeatable.")
  private List<String> env = new ArrayList<>();

  @Option(names = "--cwd", paramLabel = "DIR", description = "Working directory in the container.")
  private @Nullable String cwd;

  @Option(
      names = "--user",
      paramLabel = "UID[:GID]",
      description = "Numbers, as the container sees them.")
  private @Nullable String user;

  @Option(
      names = "--process",
      paramLabel = "FILE",
      description =
          "The process as JSON: args, env, cwd, user, capabilities and what else process of config.json"
              + " has. What it does not say is the container's; other options change what it says.")
  private @Nullable Path file;

  @Option(
      names = {"-t", "--tty"},
      description = "Give the program a terminal; ours passes its keys and its size on.")
  private boolean tty;

  @Option(
      names = {"-n", "--no-stdin"},
      description = "Leave standard input alone: the program reads an empty one.")
  private boolean noInput;

  @Parameters(
      index = "0",
      paramLabel = "ID",
      description = "The container: its id, or the beginning of it.")
  private String id = "";

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "[--] CMD ARG",
      description = "The program and its arguments (default: those of --process).")
  private List<String> command = new ArrayList<>();

  /** The id that the process got. */
  private volatile String started = "";

  @Override
  public Integer call() {
    if (!detach) {
      output.refuseNames("what the program puts out is passed on; --detach prints the id");
    }
    pidFile.requirePlace();
    Process process = process();
    boolean tty = process.getTerminal();
    if (tty) {
      requireTerminal();
    }
    DetachKeys keys = detaching.keys();
    AttachedCall<ExecContainerRequest, ExecContainerResponse> call =
        new AttachedCall<>(
            tty
                ? AttachedTerminal.streams(!noInput, keys)
                : AttachedCall.Streams.ofThisProcess(reads()),
            input -> ExecContainerRequest.newBuilder().setInput(input).build(),
            this::answer);
    SignalForwarding.to(call::signal);
    ExecContainerRequest request = request(process);
    return detaching.exit(
        call,
        () ->
            tty
                ? AttachedTerminal.run(call, !noInput, () -> run(call, request))
                : run(call, request),
        () -> AttachCommand.comeBack(started, Names.id(request.getExec().getName()), tty));
  }

  private void requireTerminal() {
    if (detach) {
      throw CliException.usage(
          "--tty must be without --detach: nobody would be at the terminal",
          "leave one of them out");
    }
    AttachedTerminal.require(!noInput);
  }

  private boolean reads() {
    return !noInput && !detach;
  }

  private Optional<ExitStatus> run(
      AttachedCall<ExecContainerRequest, ExecContainerResponse> call,
      ExecContainerRequest request) {
    return call.run(target.streaming()::execContainer, request);
  }

  private ExecContainerRequest request(Process asked) {
    String name = Lookup.container(target, id);
    Process.Builder process = asked.toBuilder();
    rights.addTo(process, () -> container(name).getSpec().getProcess());
    Exec.Builder exec =
        Exec.newBuilder().setName(name).setProcess(process).addAllAddEnv(env).setDetach(detach);
    if (process.getTerminal() && process.getEnvList().isEmpty()) {
      AttachedTerminal.kind(env).ifPresent(exec::addAddEnv);
    }
    return ExecContainerRequest.newBuilder().setExec(exec).build();
  }

  private Container container(String name) {
    return target.containers().getContainer(GetContainerRequest.newBuilder().setName(name).build());
  }

  private Process process() {
    Process.Builder process = file == null ? Process.newBuilder() : read(file);
    if (!command.isEmpty()) {
      process.clearArgs().addAllArgs(CommandWords.of(command));
    }
    if (process.getArgsList().isEmpty()) {
      throw CliException.usage("CMD must be given", "caisson exec ID -- CMD");
    }
    if (tty) {
      process.setTerminal(true);
    }
    if (process.getTerminal() && !process.hasConsoleSize()) {
      LocalTerminal.size().ifPresent(process::setConsoleSize);
    }
    if (cwd != null) {
      process.setCwd(cwd);
    }
    if (user != null) {
      process.setUser(user(user));
    }
    return process.build();
  }

  private static Process.Builder read(Path file) {
    try {
      Process.Builder process = Process.newBuilder();
      JsonFormat.parser().merge(Files.readString(file), process);
      return process;
    } catch (InvalidProtocolBufferException malformed) {
      throw new CliException(
          "--process must be a process as JSON: " + malformed.getMessage(),
          "its members are those of process in config.json");
    } catch (IOException unreadable) {
      throw new CliException("Failed to read " + file + ": " + unreadable);
    }
  }

  private static User user(String text) {
    if (!text.matches("[0-9]{1,9}(:[0-9]{1,9})?")) {
      throw CliException.usage("--user must be numbers, UID or UID:GID: " + text);
    }
    String[] ids = text.split(":", -1);
    return User.newBuilder()
        .setUid(Integer.parseInt(ids[0]))
        .setGid(Integer.parseInt(ids[ids.length - 1]))
        .build();
  }

  private Answer answer(ExecContainerResponse response) {
    return switch (response.getMessageCase()) {
      case STARTED -> started(response.getStarted());
      case OUTPUT -> new Answer.Wrote(response.getOutput());
      case EXITED -> new Answer.Exited(response.getExited());
      case MESSAGE_NOT_SET -> new Answer.Created();
    };
  }

  private Answer started(dev.caisson.proto.v1.Process process) {
    started = process.getId();
    pidFile.write(process.getPid());
    if (!detach) {
      return new Answer.Started();
    }
    output.print(process, one -> one.getId() + "\n", one -> List.of(one.getId()));
    return new Answer.Exited(ExitStatus.getDefaultInstance()); // for us
  }
}
