package dev.caisson.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Lives of another runtime's containers, by a command for each operation. */
final class CommandLives implements LifeSubject {
  private final String name;
  private final List<String> program;
  private final String bundle;

  /**
   * Of the runtime of that name.
   *
   * @param program its executable
   * @param bundle its process is replaced by one that goes on
   * @param state a directory for what is kept of them
   */
  CommandLives(String name, String program, Path bundle, Path state) throws IOException {
    this.name = name;
    this.program = List.of(program, "--root", state.resolve(name).toString());
    Path own = Files.createDirectories(state.resolve("sleeping"));
    Files.writeString(
        own.resolve("config.json"), Lives.sleeping(bundle.resolve("config.json")).toString());
    this.bundle = own.toString();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Set<Operation> operations() {
    return EnumSet.of(Operation.CREATE, Operation.START, Operation.EXEC, Operation.DELETE);
  }

  /** What is deleted still runs: such a command has no operation that waits for an end. */
  @Override
  public void perform(Operation operation, String id) throws Exception {
    switch (operation) {
      case CREATE -> run("create", "--bundle", bundle, id);
      case START -> run("start", id);
      case EXEC -> run("exec", id, "/bin/true");
      case DELETE -> run("delete", "--force", id);
      case GET, PS, PAUSE, RESUME, SIGNAL_AND_WAIT ->
          throw new IllegalArgumentException(name + " has no " + operation);
    }
  }

  private void run(String... arguments) throws Exception {
    CommandSubject.run(Stream.concat(program.stream(), Stream.of(arguments)).toList());
  }
}
