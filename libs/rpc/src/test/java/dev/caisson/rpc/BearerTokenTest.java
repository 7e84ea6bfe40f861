package dev.caisson.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerTokenTest {
  @ParameterizedTest
  @ValueSource(strings = {"a", "mF_9.B5f-4.1JqM", "YWRh+/~==", "eyJ9.e30.c2ln"})
  void takesWhatTheStandardDoes(String text) {
    assertThat(BearerToken.isOne(text)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "=", "a=b", "two words", "a\n", "\ta", "é", "a,b"})
  void takesNothingElse(String text) {
    assertThat(BearerToken.isOne(text)).isFalse();
  }
}
