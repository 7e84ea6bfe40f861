package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Errno;
import dev.caisson.proto.executor.v1.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepFailureTest {
  @ParameterizedTest
  @CsvSource({
    "EINVAL, INVALID_SPEC",
    "ERANGE, INVALID_SPEC",
    "ENOENT, INVALID_SPEC",
    "ENOTDIR, INVALID_SPEC",
    "ELOOP, INVALID_SPEC",
    "EPERM, HOST_UNSUPPORTED",
    "EACCES, HOST_UNSUPPORTED",
    "EROFS, HOST_UNSUPPORTED",
    "ENODEV, HOST_UNSUPPORTED",
    "ENOMEM, SYSTEM_CALL_FAILED",
    "ENOSPC, SYSTEM_CALL_FAILED",
    "EMFILE, SYSTEM_CALL_FAILED",
    "EIO, SYSTEM_CALL_FAILED",
  })
  void theKernelsAnswerToAFieldIsTheCallersUnlessTheHostFails(Errno errno, Reason reason) {
    Refusal refusal = StepFailure.of("mount tmpfs on /m", "mounts[7]", errno);
    assertThat(refusal.reason()).isEqualTo(reason);
    assertThat(refusal.message()).startsWith("Failed to mount tmpfs on /m: " + errno);
    assertThat(refusal.metadata()).containsEntry("errno", errno.name());
    if (reason != Reason.SYSTEM_CALL_FAILED) {
      assertThat(refusal.metadata()).containsEntry("field", "mounts[7]");
      assertThat(refusal.message()).contains("mounts[7]");
    }
  }

  @Test
  void whatNoFieldAsksForIsTheHosts() {
    assertThat(StepFailure.of("change the root", "", Errno.EINVAL).reason())
        .isEqualTo(Reason.SYSTEM_CALL_FAILED);
  }
}
