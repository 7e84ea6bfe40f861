package dev.caisson.backing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The broker in a JVM of its own. Its class path is never the test's: no zone but its own may have
 * Kafka's server.
 */
public final class BrokerProcess extends Broker {

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);

  private final String classPath;
  private @Nullable Process process;

  private BrokerProcess(BrokerPlace place, String classPath) {
    super(place);
    this.classPath = classPath;
  }

  /**
   * A broker that is not running yet. Its class path is that of a built {@code services/broker}, as
   * a module of this repository finds it.
   *
   * @param data where it keeps its topics; the caller removes it
   * @throws IllegalStateException if services/broker has not been built
   */
  public static BrokerProcess at(Path data) {
    Path target = Path.of("../../services/broker/target").toAbsolutePath().normalize();
    if (!Files.isDirectory(target.resolve("classes"))
        || !Files.isDirectory(target.resolve("lib"))) {
      throw new IllegalStateException(
          "services/broker is not built: mvn -pl services/broker -am package");
    }
    String classPath = target.resolve("classes") + ":" + target.resolve("lib") + "/*";
    return new BrokerProcess(new BrokerPlace(data), classPath);
  }

  /** It sees all that the test sees. */
  @Override
  void show(Path directory) {}

  @Override
  void begin() {
    process = launch();
  }

  @Override
  boolean running() {
    Process running = process;
    return running != null && running.isAlive();
  }

  @Override
  public void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly().onExit().join();
    }
  }

  @Override
  public void suspend() {
    signal("STOP");
  }

  @Override
  public void resume() {
    signal("CONT");
  }

  @Override
  public String log() {
    try {
      return Files.readString(output());
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to read the broker's log", e);
    }
  }

  @Override
  public void close() {
    Process running = process;
    if (running == null) {
      return;
    }
    if (running.isAlive()) {
      resume();
    }
    running.destroy();
    try {
      if (!running.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        kill();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      kill();
    }
  }

  private Process launch() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--illegal-native-access=deny", "--sun-misc-unsafe-memory-access=allow"));
    command.addAll(List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", classPath, "dev.caisson.broker.Broker"));
    command.addAll(place().arguments());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put(BrokerSecurity.LOG_VARIABLE, BrokerSecurity.LOG_LEVEL);
    try {
      return builder.redirectErrorStream(true).redirectOutput(output().toFile()).start();
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to start the broker", e);
    }
  }

  private Path output() {
    return place().data().resolve("log");
  }

  private void signal(String name) {
    Process running = process;
    if (running == null) {
      throw new IllegalStateException("The broker was not started");
    }
    try {
      String pid = Long.toString(running.pid());
      Process kill = new ProcessBuilder("kill", "-" + name, pid).start();
      if (kill.waitFor() != 0) {
        throw new IllegalStateException("The broker does not run");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to signal the broker", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
