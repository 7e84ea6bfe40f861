package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A network namespace that stands for the host, and another one that stands for the world:
 * 192.0.2.1 and 192.0.2.2, linked to each other.
 */
final class StandInHost implements AutoCloseable {
  static final String OUTSIDE = "192.0.2.2";
  static final String ADDRESS = "192.0.2.1";

  private static final Path PLUGINS = Path.of("/usr/lib/cni");
  private static final Path NAMESPACES = Path.of("/run/netns");

  private final String mark = UUID.randomUUID().toString().substring(0, 8);
  private final String host = "caisson-h-" + mark;
  private final String world = "caisson-w-" + mark;
  private final Path leases;
  private final List<Process> servers = new ArrayList<>();

  private StandInHost(Path leases) {
    this.leases = leases;
  }

  /**
   * One that is there; skips the test where it cannot be had.
   *
   * @param leases where {@code host-local} is configured to keep its addresses
   */
  static StandInHost make(Path leases) {
    for (String plugin : List.of("bridge", "host-local", "portmap", "firewall")) {
      assumeTrue(
          Files.isExecutable(PLUGINS.resolve(plugin)),
          "Skipped: needs " + plugin + ": apt-get install containernetworking-plugins");
    }
    for (String program : List.of("ip", "iptables-save")) {
      assumeTrue(
          Stream.of("/usr/sbin", "/sbin", "/usr/bin", "/bin")
              .anyMatch(directory -> Files.isExecutable(Path.of(directory, program))),
          "Skipped: needs " + program + ": apt-get install iproute2 iptables");
    }
    StandInHost made = new StandInHost(leases);
    try {
      made.link();
    } catch (RuntimeException | AssertionError e) {
      made.close();
      throw e;
    }
    return made;
  }

  private void link() {
    run("ip", "netns", "add", host);
    run("ip", "netns", "add", world);
    String here = "up-" + mark;
    String there = "dn-" + mark;
    run("ip", "-n", host, "link", "add", here, "type", "veth", "peer", there, "netns", world);
    address(host, here, ADDRESS);
    address(world, there, OUTSIDE);
    run("ip", "-n", host, "link", "set", "lo", "up");
  }

  private static void address(String namespace, String link, String address) {
    run("ip", "-n", namespace, "address", "add", address + "/24", "dev", link);
    run("ip", "-n", namespace, "link", "set", link, "up");
  }

  Path namespace() {
    return NAMESPACES.resolve(host);
  }

  /** Answers each connection to this port of the world. */
  void serveOutside(int port, String answer) throws IOException {
    servers.add(
        new ProcessBuilder(
                "ip", "netns", "exec", world, "busybox", "nc", "-ll", "-p", port + "", "-e", "echo",
                answer)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  /** What somebody outside reads from a port. */
  String readFromOutside(String address, int port) {
    return output(
        "ip", "netns", "exec", world, "busybox", "nc", "-w", "3", address, String.valueOf(port));
  }

  /** Everything that plugins make for a sandbox: links, rules, leases. */
  List<String> traces() {
    List<String> traces = new ArrayList<>();
    output("ip", "-n", host, "-o", "link")
        .lines()
        .filter(line -> line.contains("veth"))
        .forEach(traces::add);
    output("ip", "netns", "exec", host, "iptables-save")
        .lines()
        .filter(line -> line.startsWith("-A") && (line.contains("id:") || line.contains("/32")))
        .forEach(traces::add);
    try (Stream<Path> files = Files.exists(leases) ? Files.walk(leases) : Stream.of()) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches("[0-9.]+"))
          .forEach(traces::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return traces;
  }

  /** Takes the interface away from where the plugins have put it. */
  static void cut(int pid) {
    run("nsenter", "-t", String.valueOf(pid), "-n", "ip", "link", "delete", "eth0");
  }

  private static void run(String... command) {
    var _ = output(command);
  }

  /** Of a command that nothing is said to; it may fail. */
  private static String output(String... command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .start();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      return said;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() {
    servers.forEach(Process::destroyForcibly);
    for (Process server : servers) {
      server.onExit().join();
    }
    run("ip", "netns", "delete", host);
    run("ip", "netns", "delete", world);
  }
}
