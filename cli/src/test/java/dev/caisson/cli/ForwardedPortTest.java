package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ForwardedPortTest {
  @Test
  void readsPairsAndWhatIsLeftOut() {
    assertThat(ForwardedPort.parse("8080:80")).isEqualTo(new ForwardedPort(8080, 80));
    assertThat(ForwardedPort.parse("80")).isEqualTo(new ForwardedPort(80, 80));
    assertThat(ForwardedPort.parse(":80")).isEqualTo(new ForwardedPort(0, 80));
    assertThat(ForwardedPort.parse("0:65535")).isEqualTo(new ForwardedPort(0, 65_535));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", ":", "80:", "0", "80:0", "65536", "65536:80", "-1", "a:80", "1:2:3", " 80"})
  void refusesWhatIsNone(String text) {
    assertThatThrownBy(() -> ForwardedPort.parse(text))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("[LOCAL:]REMOTE");
  }
}
