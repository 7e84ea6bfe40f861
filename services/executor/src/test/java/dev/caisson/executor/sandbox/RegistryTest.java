package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class RegistryTest {
  private final Registry<String> registry = new Registry<>("sandboxes", 2);

  @Test
  void anIdIsTakenFromItsReservation() {
    assertThat(registry.reserve("t", "a")).isEmpty();
    assertThat(registry.reserve("t", "a"))
        .contains(new Registry.Entry.Reserved<>(Optional.empty()));
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
    assertThat(registry.after("t", "")).containsExactly("one");
    assertThat(registry.after("", "")).containsExactly("one", "two");
    assertThat(registry.find("v", "a")).isEmpty();
  }

  @Test
  void listsInOrderAfterWhatNeedNotBeThere() {
    registry.put("t", "b", "one");
    registry.put("t", "a", "two");
    registry.put("u", "a", "three");
    assertThat(registry.after("t", "t/a")).containsExactly("one");
    assertThat(registry.after("", "t/aa")).containsExactly("one", "three");
    assertThat(registry.after("t", "u")).isEmpty();
  }

  @Test
  void takesNoMoreThanThereCanBe() {
    registry.put("t", "a", "one");
    assertThat(registry.reserve("t", "b")).isEmpty();
    assertThatThrownBy(() -> registry.reserve("t", "c"))
        .hasMessage("This node may have 2 sandboxes: delete one first.");
    assertThat(registry.reserve("t", "a")).as("is there").isPresent();
    registry.release("t", "b");
    assertThat(registry.reserve("t", "c")).isEmpty();
  }

  @Test
  void whatIsBeingMadeCanBeSeenAndIsNotThereYet() {
    assertThat(registry.reserve("t", "a")).isEmpty();
    registry.show("t", "a", "value");
    assertThat(registry.find("t", "a")).contains("value");
    assertThat(registry.after("t", "")).containsExactly("value");
    assertThat(registry.reserve("t", "a"))
        .contains(new Registry.Entry.Reserved<>(Optional.of("value")));
  }
}
