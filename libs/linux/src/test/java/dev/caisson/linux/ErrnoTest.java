package dev.caisson.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.abi.Architecture;
import dev.caisson.linux.abi.Compilers;
import dev.caisson.linux.abi.HeaderFacts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ErrnoTest {
  @ParameterizedTest
  @EnumSource
  void numbersAreTheHeaders(Architecture architecture) throws Exception {
    HeaderFacts facts = new HeaderFacts("errno.h");
    for (Errno errno : Errno.values()) {
      if (errno != Errno.UNKNOWN && errno != Errno.ENOTSUPP) {
        facts.equal(errno.name(), errno.number());
      }
    }

    assertThat(facts.wrong(Compilers.of(architecture))).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void isFoundByItsNumber(Errno errno) {
    assertThat(Errno.of(errno.number())).isEqualTo(errno);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 41, 58, 134, 525, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void aNumberWithoutNameIsUnknown(int number) {
    assertThat(Errno.of(number)).isEqualTo(Errno.UNKNOWN);
  }

  @Test
  void aFailureSaysWhatWasTriedOnWhatAndWhy() {
    assertThat(new LinuxException("mount", "proc on /proc", Errno.EPERM))
        .hasMessage("Failed to mount proc on /proc: EPERM (1)");
  }

  @Test
  void aFailureWithoutNameKeepsItsNumber() {
    assertThat(Outcome.failure(-530, "read", "it"))
        .hasMessage("Failed to read it (error 530): UNKNOWN (0)");
  }
}
