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

/** An executor in a process and namespaces of its own, in which the cgroups are not the host's. */
final class ExecutorElsewhere implements AutoCloseable {
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final String WITHOUT_VERSION_2 = "umount -a -t cgroup2 && exec \"$@\"";

  /** An executor that is not the host's root looks at no other tree, and cannot write to this. */
  private static final String READ_ONLY_VERSION_2 =
      "for tree in $(awk '$3 == \"cgroup2\" { print $2 }' /proc/self/mounts);"
          + " do mount -o remount,bind,ro \"$tree\" || exit; done && exec \"$@\"";

  private static final long END_SECONDS = 20;

  private final Process process;

  private ExecutorElsewhere(Process process) {
    this.process = process;
  }

  /** Where no cgroups of version 2 are mounted. Ready when it returns. */
  static ExecutorElsewhere onVersion1(Options options) throws IOException {
    assumeTrue(
        Files.readString(MOUNTINFO).contains(" - cgroup "),
        "Skipped: this host has no cgroups of version 1");
    return start(options, "--mount", WITHOUT_VERSION_2);
  }

  /** As of a user to whom no cgroup was delegated. Ready when it returns. */
  static ExecutorElsewhere withoutCgroups(Options options) throws IOException {
    return start(options, "--user --map-root-user --mount", READ_ONLY_VERSION_2);
  }

  private static ExecutorElsewhere start(Options options, String namespaces, String preparation)
      throws IOException {
    Path said = Files.createTempFile("executor", ".log");
    Process process =
        new ProcessBuilder(command(options, namespaces, preparation))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    ExecutorElsewhere started = new ExecutorElsewhere(process);
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

  /** Mounts of a new namespace are private: nothing changes elsewhere. */
  private static List<String> command(Options options, String namespaces, String preparation) {
    List<String> command = new ArrayList<>(List.of("unshare"));
    command.addAll(List.of(namespaces.split(" ", -1)));
    command.addAll(List.of("--propagation", "private", "sh", "-c", preparation, "executor"));
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
