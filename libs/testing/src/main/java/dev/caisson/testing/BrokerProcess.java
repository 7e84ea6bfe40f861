package dev.caisson.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The real broker in a JVM of its own, on free ports of loopback. Its class path is never the
 * test's: no zone but its own may have Kafka's server. Not thread-safe; the test that makes one
 * closes it.
 */
public final class BrokerProcess implements AutoCloseable {

  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration READY_POLL = Duration.ofMillis(20);

  private final Path data;
  private final String classPath;
  private final int port;
  private final int controllerPort;
  private @Nullable Path settings;
  private @Nullable Process process;

  private BrokerProcess(Path data, String classPath, int port, int controllerPort) {
    this.data = data;
    this.classPath = classPath;
    this.port = port;
    this.controllerPort = controllerPort;
  }

  /**
   * A broker that is not running yet. Its class path is that of a built {@code services/broker}, as
   * a module of this repository finds it; empty when it has not been built: {@code mvn -pl
   * services/broker -am package}.
   *
   * @param data where it keeps its topics; the caller removes it
   */
  public static Optional<BrokerProcess> at(Path data) {
    Path target = Path.of("../../services/broker/target").toAbsolutePath().normalize();
    if (!Files.isDirectory(target.resolve("classes"))
        || !Files.isDirectory(target.resolve("lib"))) {
      return Optional.empty();
    }
    String classPath = target.resolve("classes") + ":" + target.resolve("lib") + "/*";
    List<Integer> ports = freePorts(2);
    return Optional.of(new BrokerProcess(data, classPath, ports.getFirst(), ports.getLast()));
  }

  /** Lays settings of Kafka's broker above its own, from the next start on. */
  public BrokerProcess with(Properties more) {
    Path file = data.resolveSibling(data.getFileName() + ".properties");
    try (Writer writer = Files.newBufferedWriter(file)) {
      more.store(writer, null);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to write " + file, e);
    }
    settings = file;
    return this;
  }

  /** Where it speaks to itself. */
  public String controllerAddress() {
    return "127.0.0.1:" + controllerPort;
  }

  /** A port on loopback that nothing listens on. */
  public static int freePort() {
    return freePorts(1).getFirst();
  }

  /** The same for some that are apart: each is held until the last is found. */
  static List<Integer> freePorts(int count) {
    List<Integer> ports = new ArrayList<>();
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ports.add(socket.getLocalPort());
      if (count > 1) {
        ports.addAll(freePorts(count - 1));
      }
      return ports;
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to find a free port", e);
    }
  }

  /** What it has said since it was started last. */
  public Path log() {
    return data.resolve("log");
  }

  /** Stops it as it stands, with all its connections open; it answers nobody until it goes on. */
  public void suspend() {
    signal("STOP");
  }

  /** Lets it go on where it was suspended. */
  public void resume() {
    signal("CONT");
  }

  public String address() {
    return "127.0.0.1:" + port;
  }

  /** Returns when clients can connect. */
  public void start() {
    Path ready = data.resolve("ready");
    try {
      Files.createDirectories(data);
      Files.deleteIfExists(ready);
      Process started = launch();
      process = started;
      awaitReady(started, ready);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to start the broker", e);
    }
  }

  /** Ends it at once, as a crash would. What it had acknowledged is kept. */
  public void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly().onExit().join();
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

  private Process launch() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--illegal-native-access=deny", "--sun-misc-unsafe-memory-access=allow"));
    command.addAll(List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", classPath, "dev.caisson.broker.Broker"));
    command.addAll(List.of("--data", data.toString(), "--port", Integer.toString(port)));
    command.addAll(List.of("--controller-port", Integer.toString(controllerPort)));
    if (settings != null) {
      command.addAll(List.of("--settings", settings.toString()));
    }
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("CAISSON_AUTHORIZER_LOG_LEVEL", "DEBUG");
    return builder.redirectErrorStream(true).redirectOutput(log().toFile()).start();
  }

  // The file is the broker's own signal; there is nothing to wait on but to look.
  private void awaitReady(Process started, Path ready) throws IOException {
    Instant deadline = Instant.now().plus(START_TIMEOUT);
    while (!Files.exists(ready)) {
      if (!started.isAlive() || Instant.now().isAfter(deadline)) {
        kill();
        throw new IOException("It was not ready: " + Files.readString(log()));
      }
      try {
        started.waitFor(READY_POLL.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        kill();
        throw new IOException("Interrupted while it started", e);
      }
    }
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
