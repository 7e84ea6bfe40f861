package dev.caisson.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuSharesTest {

  @ParameterizedTest
  @CsvSource({"2, 1", "1024, 100", "262144, 10000"})
  void meetWeightsWhereBothAreLeastUsualAndMost(long shares, long weight) {
    assertThat(CpuShares.weight(shares)).isEqualTo(weight);
    assertThat(CpuShares.ofWeight(weight)).isEqualTo(shares);
  }

  /** As opencontainers/cgroups and crun map them. */
  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "3, 2",
    "10, 4",
    "100, 17",
    "512, 59",
    "1000, 99",
    "1023, 100",
    "1025, 101",
    "2048, 174",
    "4096, 303",
    "102400, 4429",
    "262143, 10000",
    "262145, 10000"
  })
  void weighAsOtherRuntimesSay(long shares, long weight) {
    assertThat(CpuShares.weight(shares)).isEqualTo(weight);
  }

  @Test
  void neverWeighLessWhenThereAreMore() {
    assertThat(LongStream.rangeClosed(CpuShares.MIN, CpuShares.MAX).map(CpuShares::weight))
        .isSorted();
  }

  @Test
  void areThereForEveryWeight() {
    assertThat(LongStream.rangeClosed(CpuShares.MIN_WEIGHT, CpuShares.MAX_WEIGHT))
        .allMatch(weight -> CpuShares.weight(CpuShares.ofWeight(weight)) == weight);
  }
}
