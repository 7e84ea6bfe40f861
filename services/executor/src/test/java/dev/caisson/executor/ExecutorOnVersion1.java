package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * An executor in a process and a mount namespace of its own, in which no cgroups of version 2 are
 * mounted: it finds the host's hierarchies of version 1 and nothing else.
 */
final class ExecutorOnVersion1 implements AutoCloseable {
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final String WITHOUT_VERSION_2 = "umount -a -t cgroup2 && exec \"$@\"";
  private static final long END_SECONDS = 20;

  private final Process process;

  private ExecutorOnVersion1(Process process) {
    this.process = process;
  }

  /** Ready when it returns. */
  static ExecutorOnVersion1 start(Options options) throws IOException {
    assumeTrue(
        Files.readString(MOUNTINFO).contains(" - cgroup "),
        "Skipped: this host has no cgroups of version 1");
    Path said = Files.createTempFile("executor", ".log");
    Process process =
        new ProcessBuilder(command(options))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    ExecutorOnVersion1 started = new ExecutorOnVersion1(process);
    try {
      TestNode.eventually(
          "the executor is ready", () -> !process.isAlive() || text(said).contains("Ready after"));
      assertThat(process.isAlive()).as("the executor runs: %s", text(said)).isTrue();
      return started;
    } catch (AssertionError e) {
      started.close();
      throw e;
    } finally {
      Files.delete(said);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Mounts of a new namespace are private: nothing is unmounted elsewhere. */
  private static List<String> command(Options options) {
    List<String> command =
        new ArrayList<>(List.of("unshare", "--mount", "--propagation", "private", "sh", "-c"));
    command.addAll(List.of(WITHOUT_VERSION_2, "executor"));
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--illegal-native-access=deny"));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Executor.class.getName());
    command.addAll(arguments(options));
    return command;
  }

  private static List<String> arguments(Options options) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("--data", options.data().toString()));
    arguments.addAll(List.of("--run", options.run().toString(), "--node", options.node()));
    arguments.addAll(List.of("--guard", options.guard()));
    arguments.addAll(List.of("--cgroup-parent", options.cgroupParent()));
    arguments.addAll(List.of("--parked", Integer.toString(options.parked())));
    arguments.addAll(List.of("--memory-pressure", Integer.toString(options.memoryPressure())));
    return arguments;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      assertThat(process.waitFor(END_SECONDS, TimeUnit.SECONDS)).as("the executor ends").isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }
}
