package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import org.junit.jupiter.api.Test;

class DigestsTest {
  @Test
  void theOrderOfAMapDoesNotMatter() {
    var one = CreateSandboxRequest.newBuilder().putAnnotations("a", "1").putAnnotations("b", "2");
    var other = CreateSandboxRequest.newBuilder().putAnnotations("b", "2").putAnnotations("a", "1");
    assertThat(Digests.of(one.build())).isEqualTo(Digests.of(other.build())).hasSize(32);
    assertThatCode(() -> Digests.requireSame(Digests.of(one.build()), Digests.of(other.build())))
        .doesNotThrowAnyException();
  }

  @Test
  void otherContentIsRefused() {
    var one = Digests.of(CreateSandboxRequest.newBuilder().setHostname("a").build());
    var other = Digests.of(CreateSandboxRequest.newBuilder().setHostname("b").build());
    assertThatThrownBy(() -> Digests.requireSame(one, other)).isInstanceOf(RefusedException.class);
  }
}
