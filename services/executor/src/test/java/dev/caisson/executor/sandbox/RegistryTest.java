package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RegistryTest {
  private final Registry<String> registry = new Registry<>();

  @Test
  void anIdIsTakenFromItsReservation() {
    assertThat(registry.reserve("t", "a")).isEmpty();
    assertThat(registry.reserve("t", "a")).contains(new Registry.Entry.Reserved<>());
    assertThat(registry.find("t", "a")).isEmpty();
    assertThat(registry.all()).isEmpty();
  }

  @Test
  void whatIsThereIsFoundUntilItsRelease() {
    registry.put("t", "a", "value");
    assertThat(registry.find("t", "a")).contains("value");
    assertThat(registry.reserve("t", "a")).contains(new Registry.Entry.Present<>("value"));
    registry.release("t", "a");
    assertThat(registry.find("t", "a")).isEmpty();
    assertThat(registry.reserve("t", "a")).isEmpty();
  }

  @Test
  void tenantsStayApart() {
    registry.put("t", "a", "one");
    registry.put("u", "a", "two");
    assertThat(registry.list("t")).containsExactly("one");
    assertThat(registry.list("")).containsExactlyInAnyOrder("one", "two");
    assertThat(registry.find("v", "a")).isEmpty();
  }
}
