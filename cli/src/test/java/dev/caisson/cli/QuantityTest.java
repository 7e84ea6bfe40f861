package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class QuantityTest {
  private final Quantity.Bytes bytes = new Quantity.Bytes();
  private final Quantity.Cpus cpus = new Quantity.Cpus();

  @Test
  void readsSizesInPowersOfAThousandTwentyFour() {
    assertThat(bytes.convert("65536")).isEqualTo(65_536);
    assertThat(bytes.convert("64k")).isEqualTo(65_536);
    assertThat(bytes.convert("64M")).isEqualTo(67_108_864);
    assertThat(bytes.convert("64MiB")).isEqualTo(67_108_864);
    assertThat(bytes.convert("1.5g")).isEqualTo(1_610_612_736);
    assertThat(bytes.convert("12b")).isEqualTo(12);
  }

  @Test
  void readsCpusAsMicrosecondsOfThePeriod() {
    assertThat(cpus.convert("0.5")).isEqualTo(50_000);
    assertThat(cpus.convert("2")).isEqualTo(200_000);
  }

  @Test
  void refusesWhatIsNoAmount() {
    for (String text : List.of("", "m", "64q", "-1m", "0", "1e99g", "64 m", "NaN")) {
      assertThatThrownBy(() -> bytes.convert(text))
          .as(text)
          .isInstanceOf(TypeConversionException.class);
    }
    assertThatThrownBy(() -> cpus.convert("half")).isInstanceOf(TypeConversionException.class);
  }

  @Test
  void readsSeconds() {
    Quantity.Seconds seconds = new Quantity.Seconds();
    assertThat(seconds.convert("0.5")).isEqualByComparingTo("0.5");
    assertThat(seconds.convert("90")).isEqualByComparingTo("90");
    for (String bad : List.of("", "x", "-1", "1e9", "1.", ".5", "1234567890", "NaN")) {
      assertThatThrownBy(() -> seconds.convert(bad))
          .isInstanceOf(TypeConversionException.class)
          .hasMessage("--interval must be a number of seconds like 0.5: " + bad);
    }
  }
}
