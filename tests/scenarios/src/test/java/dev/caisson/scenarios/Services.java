package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * An executor and a gateway, as processes from what is packaged, on a data directory of their own.
 * Needs root, busybox, and the other modules packaged.
 */
final class Services implements AutoCloseable {
  static final Path REPOSITORY = Path.of("../..").toAbsolutePath().normalize();

  private static final Path BUSYBOX = Path.of("/usr/bin/busybox");
  private static final Path GATEWAY = REPOSITORY.resolve("services/gateway/target/lib");
  private static final Path CLIENT = REPOSITORY.resolve("cli/target");
  private static final int ROOT = 0;
  private static final long SECONDS = 120;

  private final Path base;

  private Services(Path base) {
    this.base = base;
  }

  /**
   * Ready when it returns.
   *
   * @param rules lines of the guard's configuration, {@code %s} for {@link #base}
   */
  static Services begin(String... rules) throws IOException {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(ROOT),
        "Skipped: containers are made by root");
    assumeTrue(
        Files.isExecutable(BUSYBOX),
        "Skipped: needs " + BUSYBOX + ": apt-get install busybox-static");
    assertThat(GATEWAY).as("the services are not packaged: ./caisson build").isDirectory();
    Services services = new Services(Files.createTempDirectory("caisson-scenarios"));
    Files.setPosixFilePermissions(services.base, PosixFilePermissions.fromString("rwxr-xr-x"));
    try {
      services.makeDirectories();
      services.launch(rules);
      return services;
    } catch (IOException | RuntimeException | Error e) {
      services.close();
      throw e;
    }
  }

  private void makeDirectories() throws IOException {
    Files.createDirectory(
        owned(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    makeRootfs(rootfs());
    Files.createDirectory(owned().resolve("volumes"));
  }

  static void makeRootfs(Path rootfs) throws IOException {
    Files.createDirectories(rootfs.resolve("bin"));
    Files.createDirectory(rootfs.resolve("tmp"));
    Files.copy(BUSYBOX, rootfs.resolve("bin/busybox"));
    for (String applet : done(BUSYBOX.toString(), "--list").out().split("\n", -1)) {
      if (!applet.isEmpty() && !applet.equals("busybox")) {
        Files.createSymbolicLink(rootfs.resolve("bin/" + applet), Path.of("busybox"));
      }
    }
  }

  private void launch(String... rules) {
    List<String> command = new ArrayList<>();
    command.add(REPOSITORY.resolve("tests/scenarios/services.sh").toString());
    command.add(data().toString());
    command.add("rootfs.roots = " + owned());
    command.add("mounts.roots = " + owned());
    command.add("bundles.roots = " + owned());
    Stream.of(rules).map(rule -> String.format(rule, base)).forEach(command::add);
    done(command.toArray(String[]::new));
  }

  /** Nobody but root gets below it. */
  Path owned() {
    return base.resolve("owned");
  }

  Path rootfs() {
    return owned().resolve("rootfs");
  }

  Path data() {
    return base.resolve("data");
  }

  Path socket() {
    return data().resolve("run/gateway/gateway.sock");
  }

  /** A new directory, which containers may have as a volume. */
  Path newVolume() {
    try {
      return Files.createTempDirectory(owned().resolve("volumes"), "v");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the client does and says, in the words that a user would type. */
  Words caisson(String... words) {
    return caissonIn(List.of(), words);
  }

  /**
   * The same, started by something.
   *
   * @param wrapper as {@code unshare}
   */
  Words caissonIn(List<String> wrapper, String... words) {
    List<String> command = new ArrayList<>(wrapper);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "--illegal-native-access=deny", "-cp"));
    command.add(CLIENT.resolve("*") + ":" + CLIENT.resolve("lib/*"));
    command.add("dev.caisson.cli.Cli");
    int verb = words[0].equals("sandbox") ? 2 : 1;
    command.addAll(List.of(words).subList(0, verb));
    command.addAll(List.of("--data", data().toString()));
    command.addAll(List.of(words).subList(verb, words.length));
    return run(command.toArray(String[]::new));
  }

  /** A program of the host, which must succeed. */
  static Words done(String... command) {
    Words words = run(command);
    assertThat(words.code()).as("%s: %s", List.of(command), words).isZero();
    return words;
  }

  /** Its output goes to files, since what it starts lives on and would hold pipes open. */
  private static Words run(String... command) {
    try {
      Path out = Files.createTempFile("caisson", ".out");
      Path err = Files.createTempFile("caisson", ".err");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertThat(ended).as("%s ends", List.of(command)).isTrue();
        return new Words(process.exitValue(), text(out), text(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    if (Files.exists(data())) {
      String cgroup = cgroupParent();
      done(
          REPOSITORY.resolve("caisson").toString(), "down", "--data", data().toString(), "--force");
      nothingIsLeft(cgroup);
    }
    try (Stream<Path> files = Files.walk(base)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Below which all of theirs are. */
  private String cgroupParent() throws IOException {
    return Files.readAllLines(data().resolve("guard.conf")).stream()
        .filter(line -> line.startsWith("cgroup.parent = "))
        .map(line -> line.replaceAll(".*/", ""))
        .findFirst()
        .orElseThrow();
  }

  private void nothingIsLeft(String cgroup) throws IOException {
    assertThat(Host.processesNaming(base)).as("processes").isEmpty();
    assertThat(Host.mountsNaming(base)).as("mounts").isEmpty();
    assertThat(Host.socketsNaming(base)).as("sockets").isEmpty();
    assertThat(Host.cgroups(cgroup)).as("cgroups").isEmpty();
  }
}
