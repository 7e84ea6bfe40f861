package dev.caisson.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that is killed and started again as often as somebody wants. Not thread-safe. */
final class ServiceJvm implements AutoCloseable {

  private static final Path SERVICES = Path.of("..", "..", "services").toAbsolutePath().normalize();

  private final String name;
  private final Path log;
  private final List<String> command;
  private Process process;
  private int kills;

  private ServiceJvm(String name, Path log, List<String> command) {
    this.name = name;
    this.log = log;
    this.command = List.copyOf(command);
  }

  /** One of what a service's module has packaged. */
  static ServiceJvm of(
      String service, String name, Path directory, String main, List<String> words) {
    Path target = SERVICES.resolve(service).resolve("target");
    if (!Files.isDirectory(target.resolve("lib"))) {
      throw new AssertionError(
          service + " is not built: mvn -pl services/" + service + " -am package");
    }
    String classPath = target.resolve("classes") + ":" + target.resolve("lib") + "/*";
    return withClassPath(classPath, name, directory, main, words);
  }

  /** One of what the test itself has. */
  static ServiceJvm ofTest(Path directory, String main, List<String> words) {
    return withClassPath(System.getProperty("java.class.path"), "journal", directory, main, words);
  }

  private static boolean isOfTheJvm(String word) {
    return word.startsWith("-D") || word.startsWith("-XX:");
  }

  private static ServiceJvm withClassPath(
      String classPath, String name, Path directory, String main, List<String> words) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-Xshare:auto"));
    words.stream().filter(ServiceJvm::isOfTheJvm).forEach(command::add);
    command.addAll(List.of("-cp", classPath, main));
    words.stream().filter(word -> !isOfTheJvm(word)).forEach(command::add);
    return new ServiceJvm(name, directory.resolve(name + ".log"), command);
  }

  String name() {
    return name;
  }

  int kills() {
    return kills;
  }

  Path log() {
    return log;
  }

  boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** CPU time of this life. */
  Duration cpu() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  void start() throws IOException {
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError(name + " cannot be killed");
    }
    kills++;
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly().onExit().join();
    }
  }
}
