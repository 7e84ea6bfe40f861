package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PatternTest {
  private final List<String> order = new ArrayList<>();

  private Subject subject(String name) {
    return new Subject() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public void run() {
        order.add(name);
      }
    };
  }

  @Test
  void interleavesItsSubjectsAndLeavesTheWarmUpOut() throws Exception {
    var figures = Pattern.BACK_TO_BACK.measure(List.of(subject("a"), subject("b")), 1, 2);
    assertThat(order).containsExactly("a", "b", "a", "b", "a", "b");
    assertThat(figures.get("a")).isNotNull().extracting(Statistics::runs).isEqualTo(2);
  }
}
