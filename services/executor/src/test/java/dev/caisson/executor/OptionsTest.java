package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
  @Test
  void readsPairsAndKnowsDefaults() {
    Options options = Options.parse("--data", "/d", "--run", "/r", "--node", "n");
    assertThat(options)
        .isEqualTo(
            new Options(
                Path.of("/d"),
                Path.of("/r"),
                "n",
                "0",
                "0",
                "",
                "/caisson",
                "/etc/cni/net.d",
                "/usr/lib/cni:/opt/cni/bin",
                "",
                4));
    assertThat(
            Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--cgroup-parent", "/x")
                .cgroupParent())
        .isEqualTo("/x");
    assertThat(
            Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--parked", "0").parked())
        .isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "65", "many", ""})
  void refusesANumberOfParkedSandboxesThatIsNone(String parked) {
    assertThatThrownBy(
            () -> Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--parked", parked))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--parked must be 0 to 64");
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
