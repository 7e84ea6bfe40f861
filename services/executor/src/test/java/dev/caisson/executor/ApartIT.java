package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An executor that was started as in a pod of Kubernetes, and has made its namespaces itself. */
class ApartIT {
  private static final Path OURS = Path.of("/proc/self/ns");

  private final AtomicReference<ChildExecutor> child = new AtomicReference<>();
  private TestNode node;

  @BeforeEach
  void launch() throws IOException {
    node =
        TestNode.launch((options, waits) -> {
          child.set(ChildExecutor.beginInAPod(options));
          return child.get();
        });
  }

  @AfterEach
  void close() throws Exception {
    node.close();
  }

  private Path proc() {
    return Path.of("/proc", Long.toString(child.get().pid()));
  }

  /** Of all its threads, those of the JVM too. */
  private List<Path> namespaces(String kind) throws IOException {
    try (Stream<Path> tasks = Files.list(proc().resolve("task"))) {
      return tasks.map(task -> link(task.resolve("ns").resolve(kind))).distinct().toList();
    }
  }

  private static Path link(Path path) {
    try {
      return Files.readSymbolicLink(path);
    } catch (IOException e) {
      throw new AssertionError(path.toString(), e);
    }
  }

  @Test
  void hasNoNetworkInAnyThread() throws IOException {
    assertThat(namespaces("net")).hasSize(1).doesNotContain(link(OURS.resolve("net")));
    assertThat(Files.readAllLines(proc().resolve("net/dev")))
        .filteredOn(line -> line.contains(":"))
        .singleElement()
        .satisfies(line -> assertThat(line.strip()).startsWith("lo:"));
  }

  @Test
  void seesTheCgroupsAndProcessesOfTheHost() throws IOException {
    assertThat(namespaces("cgroup")).containsExactly(link(OURS.resolve("cgroup")));
    assertThat(namespaces("mnt")).hasSize(1).doesNotContain(link(OURS.resolve("mnt")));
    assertThat(Files.readAllLines(proc().resolve("mountinfo")))
        .noneMatch(line -> line.contains(" /proc/") || line.contains(" /sys/kernel "))
        .filteredOn(line -> line.contains(" /proc "))
        .hasSize(1);
  }

  @Test
  void runsContainersAndIsReplaced() throws IOException {
    node.create("c", node.spec("sh", "-c", "sleep 60"));
    node.start("c");
    Path before = link(proc().resolve("ns/net"));
    node.restart();
    assertThat(node.get("c").getPid()).isPositive();
    assertThat(link(proc().resolve("ns/net"))).as("one of its own again").isNotEqualTo(before);
    node.signal("c", 9);
    assertThat(node.await("c").getSignal()).isEqualTo(9);
    node.delete("c");
  }
}
