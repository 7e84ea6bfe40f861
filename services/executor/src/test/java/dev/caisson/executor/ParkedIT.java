package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sandboxes that are made in advance. */
class ParkedIT {
  private static final int PARKED = 2;

  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch();
    node.shut();
    node.parked(PARKED).open();
    awaitParked();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private void awaitParked() {
    Awaitility.await().atMost(TestNode.PATIENCE).until(() -> sandboxes().size() == PARKED);
  }

  private Set<String> sandboxes() {
    try (Stream<Path> entries = Files.list(node.run().resolve("sandboxes"))) {
      return entries.map(entry -> entry.getFileName().toString()).collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void areHandedOutOnceAndReplaced() throws Exception {
    Set<String> before = sandboxes();
    List<String> taken =
        List.of(
            node.started("a", node.spec("sleep", "60")).getSandboxUid(),
            node.started("b", node.spec("sleep", "60")).getSandboxUid());
    assertThat(taken).doesNotHaveDuplicates();
    assertThat(before).containsAll(taken);

    node.deleteEverything();
    awaitParked();
    assertThat(sandboxes()).doesNotContainAnyElementsOf(taken);
  }

  @Test
  void areCalledAsTheirContainerIs() throws Exception {
    assertThat(node.run(node.spec("hostname").setHostname("harbour")).out()).isEqualTo("harbour\n");
  }

  @Test
  void areRemovedWhenTheExecutorEnds() throws Exception {
    node.shut();
    try {
      assertThat(sandboxes()).isEmpty();
    } finally {
      node.open();
    }
  }
}
