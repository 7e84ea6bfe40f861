package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Code;
import dev.caisson.executor.init.InitException;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.executor.v1.Reason;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ProblemsTest {
  private static final Path CATALOGUE =
      Path.of("../../proto/executor-api/caisson/executor/v1/reasons.proto");
  private static final Pattern COMMENT = Pattern.compile("  // ([A-Z_]+)[:.].*");
  private static final Pattern REASON = Pattern.compile("  ([A-Z_]+) = \\d+;");

  /** A comment's code holds for the reasons below it, up to the next comment. */
  private static Map<String, String> documented() throws Exception {
    Map<String, String> codes = new HashMap<>();
    String code = "";
    for (String line : Files.readAllLines(CATALOGUE)) {
      Matcher comment = COMMENT.matcher(line);
      Matcher reason = REASON.matcher(line);
      if (comment.matches()) {
        code = comment.group(1);
      } else if (reason.matches()) {
        codes.put(reason.group(1), code);
      }
    }
    return codes;
  }

  @Test
  void everyReasonHasTheCodeThatItsCommentSays() throws Exception {
    Map<String, String> documented = documented();
    for (Reason reason : Reason.values()) {
      if (reason != Reason.UNRECOGNIZED && reason != Reason.REASON_UNSPECIFIED) {
        assertThat(Problems.code(reason).name())
            .as(reason.name())
            .isEqualTo(documented.get(reason.name()));
      }
    }
  }

  @Test
  void aDefectIsToldWithoutItsDetails() {
    Refusal told = Problems.of(new IllegalStateException("secret"));
    assertThat(told.reason()).isEqualTo(Reason.INTERNAL);
    assertThat(told.message()).doesNotContain("secret");
  }

  @Test
  void failuresKeepTheirWords() {
    Refusal told = Problems.of(new LinuxException("mount", "proc", Errno.EPERM));
    assertThat(told.reason()).isEqualTo(Reason.SYSTEM_CALL_FAILED);
    assertThat(told.message()).isEqualTo("Failed to mount proc: EPERM (1)");
    assertThat(told.metadata()).containsEntry("errno", "EPERM").containsEntry("operation", "mount");
    assertThat(Problems.of(new InitException("gone")).reason()).isEqualTo(Reason.SANDBOX_LOST);
  }

  @Test
  void theRecordGetsTheCodeAndABoundedMessage() {
    var failure =
        Problems.failure(new Refusal(Reason.HOOK_FAILED, "x".repeat(5000), Map.of()).exception());
    assertThat(failure.getCode()).isEqualTo(Code.ABORTED.getNumber());
    assertThat(failure.getReason()).isEqualTo("HOOK_FAILED");
    assertThat(failure.getMessage().getBytes(StandardCharsets.UTF_8)).hasSize(1024);
    assertThat(failure.getMessage()).endsWith("x…");
  }
}
