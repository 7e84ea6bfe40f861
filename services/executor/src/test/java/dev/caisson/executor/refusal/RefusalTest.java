package dev.caisson.executor.refusal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Reason;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class RefusalTest {
  @Test
  void saysWhatTheFieldMustBe() {
    Refusal refusal = Refusal.invalid("process.cwd", "be an absolute path", "tmp");
    assertThat(refusal.reason()).isEqualTo(Reason.INVALID_SPEC);
    assertThat(refusal.message()).isEqualTo("process.cwd must be an absolute path: tmp");
    assertThat(refusal.metadata()).containsEntry("field", "process.cwd");
    assertThat(refusal.exception()).hasMessage(refusal.message());
  }

  @Test
  void namesTheRuleOfTheGuardAndTheLimit() {
    assertThat(Refusal.guard("devices", "No.").metadata()).containsEntry("rule", "devices");
    assertThat(Refusal.limit("program steps", "Too many.").metadata())
        .containsEntry("limit", "program steps");
  }

  @Property
  void repeatsOfAValueOnlyWhatFitsOnOneLine(@ForAll String value) {
    String message = Refusal.invalid("f", "be short", value).message();
    assertThat(message.length()).isLessThanOrEqualTo("f must be short: ".length() + 129);
    assertThat(message).doesNotContainPattern("[\\p{Cc}\\u2028\\u2029]");
  }
}
