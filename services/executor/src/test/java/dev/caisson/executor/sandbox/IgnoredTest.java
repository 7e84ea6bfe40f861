package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.IgnoredField;
import java.util.List;
import org.junit.jupiter.api.Test;

class IgnoredTest {
  @Test
  void theRecordHasNoValues() {
    IgnoredField field =
        IgnoredField.newBuilder().setField("x.token").setWhy("is new").setValue("s3cret").build();
    assertThat(Ignored.recorded(List.of(field)))
        .containsExactly(IgnoredField.newBuilder().setField("x.token").setWhy("is new").build());
  }
}
