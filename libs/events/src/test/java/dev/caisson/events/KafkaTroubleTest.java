package dev.caisson.events;

import static org.assertj.core.api.Assertions.assertThat;

import javax.net.ssl.SSLException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.junit.jupiter.api.Test;

class KafkaTroubleTest {

  @Test
  void saysWhyTlsFailedWhoeverTellsOfIt() {
    SslAuthenticationException error =
        new SslAuthenticationException("Handshake failed", new SSLException("no certificate"));
    assertThat(KafkaTrouble.words(error)).isEqualTo("Handshake failed: no certificate");
    assertThat(KafkaTrouble.words(new KafkaException("Interrupted", error)))
        .isEqualTo("Handshake failed: no certificate");
  }

  @Test
  void saysOfOtherErrorsWhatTheySayThemselves() {
    assertThat(KafkaTrouble.words(new KafkaException("a", new KafkaException("b")))).isEqualTo("a");
    assertThat(KafkaTrouble.words(new IllegalStateException())).isEqualTo("IllegalStateException");
  }
}
