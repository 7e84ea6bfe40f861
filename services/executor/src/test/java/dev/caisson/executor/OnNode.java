package dev.caisson.executor;

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
