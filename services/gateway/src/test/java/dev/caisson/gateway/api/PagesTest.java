package dev.caisson.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PagesTest {
  private final List<String> all = IntStream.range(0, 1500).mapToObj("%04d"::formatted).toList();

  @Test
  void givesAHundredWhenNoSizeIsAsked() {
    assertThat(Pages.of("p", 0, "").cut(all, Function.identity()).items()).hasSize(100);
  }

  @Test
  void givesNoMoreThanTheBound() {
    assertThat(Pages.of("p", Integer.MAX_VALUE, "").cut(all, Function.identity()).items())
        .hasSize(1000);
  }

  @Test
  void givesNoTokenAfterAPageThatIsExactlyFull() {
    assertThat(Pages.of("p", 2, "").cut(List.of("a", "b"), Function.identity()).nextToken())
        .isEmpty();
  }
}
