package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An executor as a process of its own, which can be killed without its containers. */
final class ChildExecutor implements AutoCloseable {
  private static final Path ARCHIVE = Path.of("target/executor.jsa").toAbsolutePath();

  private final Process process;
  private final Path log;

  private ChildExecutor(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** It answers when it returns. */
  static ChildExecutor begin(Options options) throws IOException {
    ChildExecutor child = start(options);
    child.awaitReady(options);
    return child;
  }

  void awaitReady(Options options) {
    Path socket = options.run().resolve("executor.sock");
    TestNode.eventually(
        "the executor answers",
        () -> requireAlive() && answers(socket),
        () ->
            assertThat(answers(socket))
                .as("the executor answers: %s", sayingWhatItDoes())
                .isTrue());
  }

  /** The JVM prints what its threads do. */
  private String sayingWhatItDoes() {
    try {
      new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid())).start().waitFor();
      TestNode.eventually("its threads are printed", () -> said().contains("JNI global refs"));
      return said();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /**
   * As in a pod: in a mount namespace in which something of procfs and sysfs is hidden, in a cgroup
   * namespace that is not the host's, with its starter's network; it has to make its namespaces
   * itself.
   */
  static ChildExecutor beginInAPod(Options options) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "unshare",
                "--mount",
                "--cgroup",
                "sh",
                "-c",
                "mount --bind /dev/null /proc/uptime && mount -t tmpfs none /sys/kernel"
                    + " && exec \"$0\" \"$@\""));
    command.addAll(command(options));
    command.addAll(List.of("--own-namespaces", "yes"));
    ChildExecutor child = start(options, command);
    child.awaitReady(options);
    return child;
  }

  /** What it says is added to {@code executor.log} beside its data. */
  static ChildExecutor start(Options options) throws IOException {
    return start(options, command(options));
  }

  private static ChildExecutor start(Options options, List<String> command) throws IOException {
    Path log = options.data().resolveSibling("executor.log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    return new ChildExecutor(process, log);
  }

  /** As the launcher starts one, with an archive of its classes, which halves the time. */
  private static List<String> command(Options options) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "--illegal-native-access=deny",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Xmx64m",
        "-XX:+AutoCreateSharedArchive",
        "-XX:SharedArchiveFile=" + ARCHIVE,
        "-cp",
        classPath(),
        "dev.caisson.executor.Executor",
        "--data",
        options.data().toString(),
        "--run",
        options.run().toString(),
        "--node",
        options.node(),
        "--guard",
        options.guard(),
        "--cgroup-parent",
        options.cgroupParent(),
        "--cni-configurations",
        options.cniConfigurations(),
        "--cni-plugins",
        options.cniPlugins(),
        "--cni-network",
        options.cniNetwork(),
        "--parked",
        Integer.toString(options.parked()),
        "--memory-pressure",
        Integer.toString(options.memoryPressure()));
  }

  /** Without the tests: what is archived is in jars. */
  private static String classPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(entry -> !entry.endsWith("test-classes"))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private boolean requireAlive() {
    assertThat(process.isAlive()).as("the executor runs: %s", said()).isTrue();
    return true;
  }

  private String said() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean answers(Path socket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      return false;
    }
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** It ends by itself, since another is there. */
  void assertRefused() {
    awaitEnd();
    assertThat(process.exitValue()).as("another is refused: %s", said()).isEqualTo(1);
    assertThat(said()).contains("another executor uses ");
  }

  void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Asks it to end. */
  @Override
  public void close() {
    process.destroy();
    awaitEnd();
  }

  private void awaitEnd() {
    try {
      assertThat(process.waitFor(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }
}
