package dev.caisson.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

final class ProbeTest {
  private final Probe probe = new Probe("mount_setattr", "5.12", "id-map mounts", () -> 0);

  @Test
  void saysWhatIsMissingAndWhatForAndSinceWhen() {
    assertThat(probe.sentence())
        .isEqualTo(
            "Linux 5.12 or newer is needed to id-map mounts: this kernel has no mount_setattr.");
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.INCLUDE,
      names = {"ENOSYS", "E2BIG"})
  void anOldKernelsAnswerMeansAbsent(Errno errno) {
    assertThat(probe.isAbsent(-errno.number())).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.INCLUDE,
      names = {"EINVAL", "EBADF", "EPERM", "EFAULT"})
  void aRefusalOfTheArgumentsMeansPresent(Errno errno) {
    assertThat(probe.isAbsent(-errno.number())).isFalse();
  }

  @Test
  void nothingIsMissingHere() {
    // Whatever runs this suite runs Caisson: then the kernel is new enough.
    assertThat(Kernel.open().missing()).isEmpty();
  }
}
