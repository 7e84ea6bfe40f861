package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
  @Test
  void readsPairs() {
    Map<String, String> options =
        Arguments.pairs(new String[] {"--count", "5", "--output", "json"});
    assertThat(options).isEqualTo(Map.of("--count", "5", "--output", "json"));
    assertThat(Arguments.required(options, "--count")).isEqualTo("5");
  }

  @Test
  void namesWhatIsMissing() {
    assertThatThrownBy(() -> Arguments.required(Map.of(), "--socket"))
        .hasMessage("--socket must be given");
  }
}
