package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class OptionsTest {
  @Test
  void readsPairsAndKnowsDefaults() {
    Options options = Options.parse("--data", "/d", "--run", "/r", "--node", "n");
    assertThat(options)
        .isEqualTo(new Options(Path.of("/d"), Path.of("/r"), "n", "0", "0", "", "/caisson"));
    assertThat(
            Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--cgroup-parent", "/x")
                .cgroupParent())
        .isEqualTo("/x");
  }

  @Test
  void saysAllThatIsWrongAtOnce() {
    assertThatThrownBy(() -> Options.parse("--colour", "red", "--node"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(
            "--colour is not an option",
            "--node must be followed by a value",
            "--data must be given",
            "--run must be given");
  }
}
