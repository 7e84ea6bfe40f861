package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Tries the attacks of {@link HostAttacks}, with the defence and without, in one JVM that has a
 * mount and a PID namespace of its own. Nothing outlives the first process there.
 */
final class OwnNamespaces {
  private static final long LIMIT_SECONDS = 180;

  private static final List<String> UNSHARED =
      List.of("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc");

  /** The first process there waits for the one that has the number. */
  private static final String START =
      "echo $1 > /proc/sys/kernel/ns_last_pid; shift; \"$@\" & wait $!";

  private static final String DIRECTORY = "caisson.attacks";

  static final String WEAKENED = " without its defence";

  private OwnNamespaces() {}

  /** In those namespaces: what both sides see. */
  static Path directory() {
    return Path.of(System.getProperty(DIRECTORY));
  }

  /** Which attacks succeed: the name, and the name with {@link #WEAKENED}, of each. */
  static Map<String, Boolean> outcomes(Path directory) throws Exception {
    Path output = directory.resolve("output");
    Process stranger = HostAttacks.stranger(directory);
    try {
      run(directory, stranger.pid(), output);
    } finally {
      stranger.destroyForcibly().waitFor();
    }
    return read(directory.resolve("outcomes"));
  }

  private static void run(Path directory, long number, Path output) throws Exception {
    Process jvm =
        new ProcessBuilder(command(directory, number))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!jvm.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      jvm.destroyForcibly().waitFor();
    }
    if (jvm.exitValue() != 0) {
      throw new AssertionError(Files.readString(output));
    }
  }

  /**
   * @param number of the executor's process inside
   */
  private static List<String> command(Path directory, long number) {
    List<String> command = new ArrayList<>(UNSHARED);
    command.addAll(List.of("sh", "-c", START, "sh", Long.toString(number - 1)));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--illegal-native-access=deny"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("-D" + DIRECTORY + "=" + directory);
    command.add(OwnNamespaces.class.getName());
    return command;
  }

  private static Map<String, Boolean> read(Path file) throws IOException {
    Map<String, Boolean> outcomes = new HashMap<>();
    for (String line : Files.readAllLines(file)) {
      String[] words = line.split("=", 2);
      outcomes.put(words[0], Boolean.valueOf(words[1]));
    }
    return outcomes;
  }

  /** In those namespaces. */
  public static void main(String[] arguments) throws Exception {
    Path directory = directory();
    StringBuilder outcomes = new StringBuilder();
    for (String attack : HostAttacks.all().keySet()) {
      System.out.println(attack);
      boolean with = WeakenedExecutor.unweakenedLets(attack, directory);
      outcomes.append(attack).append('=').append(with).append('\n');
      System.out.println(attack + WEAKENED);
      boolean without = WeakenedExecutor.weakenedLets(attack, directory);
      outcomes.append(attack).append(WEAKENED).append('=').append(without).append('\n');
    }
    Files.writeString(directory.resolve("outcomes"), outcomes, UTF_8);
    System.exit(0);
  }
}
