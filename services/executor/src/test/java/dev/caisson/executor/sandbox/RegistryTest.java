package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RegistryTest {
  private final Registry<String> registry = new Registry<>("sandboxes", 2);

  @Test
  void anIdIsTakenFromItsReservation() {
    assertThat(registry.reserve("t", "a")).isEmpty();
    assertThat(registry.find("t", "a")).isEmpty();
    assertThat(registry.all()).isEmpty();
  }

  /** What another is answered who asks for the id meanwhile, once the first has gone on. */
  private Optional<Registry.Entry<String>> meanwhile(Runnable first) throws Exception {
    assertThat(registry.reserve("t", "a")).isEmpty();
    var asked = new FutureTask<>(() -> registry.reserve("t", "a"));
    Thread another = Thread.ofPlatform().start(asked);
    while (another.getState() != Thread.State.WAITING) {
      assertThat(asked).as("nothing is known yet").isNotDone();
      Thread.onSpinWait();
    }
    first.run();
    return asked.get(60, TimeUnit.SECONDS);
  }

  @Test
  void whoAsksForWhatIsBeingMadeIsToldWhatBecameOfIt() throws Exception {
    assertThat(meanwhile(() -> registry.put("t", "a", "value")))
        .contains(new Registry.Entry.Present<>("value"));
  }

  @Test
  void whoAsksForWhatIsBeingMadeIsToldOfItAsSoonAsItIsShown() throws Exception {
    assertThat(meanwhile(() -> registry.show("t", "a", "value")))
        .contains(new Registry.Entry.Reserved<>(Optional.of("value")));
  }

  @Test
  void whoAsksForWhatComesToNothingHasTheId() throws Exception {
    assertThat(meanwhile(() -> registry.release("t", "a"))).isEmpty();
  }

  @Test
  void whatIsBarredIsNobodys() {
    registry.bar("t", "a");
    assertThat(registry.reserve("t", "a")).contains(new Registry.Entry.Barred<>());
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
