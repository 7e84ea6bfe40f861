package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerSpec;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** Tests that share one executor, and leave nothing on it. */
abstract class OnNode {
  static TestNode node;

  @BeforeAll
  static void startNode() throws Exception {
    node = TestNode.launch();
  }

  /** Adds to what the guard allows on this node. */
  static void allow(String... rules) throws IOException {
    node.allow(rules);
    node.restart();
  }

  /** What a container writes, which complains of nothing. */
  static String out(ContainerSpec.Builder spec) {
    Ended ended = node.run(spec);
    assertThat(ended.err()).isEmpty();
    return ended.out();
  }

  /** Runs a program on the host, which must succeed. */
  static void onHost(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.onExit().join().exitValue()).as(output).isZero();
  }

  @AfterEach
  void deleteEverything() {
    node.deleteEverything();
  }

  @AfterAll
  static void endNode() throws Exception {
    if (node != null) {
      node.close();
      node = null;
    }
  }
}
