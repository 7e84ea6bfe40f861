package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
  @Test
  void readsNamesAndAddresses() {
    assertThat(Address.parse("gateway.example.org:7443"))
        .isEqualTo(new Address("gateway.example.org", 7443));
    assertThat(Address.parse("[2001:db8::1]:1")).isEqualTo(new Address("2001:db8::1", 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "host", "host:", "host:0", "host:65536", ":7443", "2001:db8::1:7443", "a b:1"})
  void refusesWhatIsNone(String text) {
    assertThat(Address.isAddress(text)).isFalse();
    assertThatThrownBy(() -> Address.parse(text)).hasMessageContaining("must be host:port");
  }
}
