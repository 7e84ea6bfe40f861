package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RollbackTest {
  private final List<String> undone = new ArrayList<>();

  @Test
  void undoesTheNewestFirst() {
    try (Rollback rollback = new Rollback()) {
      rollback.onFailure("a", () -> undone.add("a"));
      rollback.onFailure("b", () -> undone.add("b"));
    }
    assertThat(undone).containsExactly("b", "a");
  }

  @Test
  void keepsWhatHasSucceeded() {
    try (Rollback rollback = new Rollback()) {
      rollback.onFailure("a", () -> undone.add("a"));
      rollback.keep();
    }
    assertThat(undone).isEmpty();
  }

  @Test
  void oneThatFailsStopsNoOther() {
    try (Rollback rollback = new Rollback()) {
      rollback.onFailure("a", () -> undone.add("a"));
      rollback.onFailure(
          "b",
          () -> {
            throw new IllegalStateException("on purpose");
          });
    }
    assertThat(undone).containsExactly("a");
  }
}
