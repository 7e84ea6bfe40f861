package dev.caisson.model;

import static dev.caisson.model.ContainerState.CREATED;
import static dev.caisson.model.ContainerState.CREATING;
import static dev.caisson.model.ContainerState.PAUSED;
import static dev.caisson.model.ContainerState.RUNNING;
import static dev.caisson.model.ContainerState.STOPPED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.model.Transition.Allowed;
import dev.caisson.model.Transition.Refused;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ContainerStateTest {
  /** Written out here a second time, so that a slip in the table is seen. */
  private static final Map<Operation, Set<ContainerState>> EXPECTED =
      new EnumMap<>(
          Map.ofEntries(
              Map.entry(Operation.START, Set.of(CREATED)),
              Map.entry(Operation.RESTORE, Set.of(CREATED)),
              Map.entry(Operation.EXEC, Set.of(RUNNING)),
              Map.entry(Operation.ATTACH, Set.of(CREATED, RUNNING, PAUSED)),
              Map.entry(Operation.SIGNAL, Set.of(CREATED, RUNNING, PAUSED)),
              Map.entry(Operation.PAUSE, Set.of(RUNNING)),
              Map.entry(Operation.RESUME, Set.of(PAUSED)),
              Map.entry(Operation.UPDATE, Set.of(CREATED, RUNNING, PAUSED)),
              Map.entry(Operation.CHECKPOINT, Set.of(CREATED, RUNNING, PAUSED)),
              Map.entry(Operation.LIST_PROCESSES, Set.of(RUNNING, PAUSED)),
              Map.entry(Operation.GET_STATS, Set.of(CREATED, RUNNING, PAUSED)),
              Map.entry(Operation.PORT_FORWARD, Set.of(RUNNING)),
              Map.entry(Operation.WAIT, Set.of(CREATING, CREATED, RUNNING, PAUSED, STOPPED)),
              Map.entry(Operation.DELETE, Set.of(CREATED, STOPPED)),
              Map.entry(
                  Operation.FORCED_DELETE, Set.of(CREATING, CREATED, RUNNING, PAUSED, STOPPED))));

  private static Set<ContainerState> allowing(Operation operation) {
    return Arrays.stream(ContainerState.values())
        .filter(state -> operation.in(state) instanceof Allowed)
        .collect(Collectors.toSet());
  }

  @Test
  void allowsEachOperationInItsStatesOnly() {
    for (Operation operation : Operation.values()) {
      assertThat(allowing(operation)).as(operation.name()).isEqualTo(EXPECTED.get(operation));
    }
  }

  @Test
  void refusesInWords() {
    assertThat(Operation.PAUSE.in(CREATED)).isEqualTo(new Refused(Operation.PAUSE, CREATED));
    assertThat(new Refused(Operation.PAUSE, CREATED).why())
        .isEqualTo("it is created, and must be running");
    assertThat(new Refused(Operation.DELETE, RUNNING).why())
        .isEqualTo("it is running, and must be created or stopped");
  }

  @Test
  void changesStateByStartPauseResumeAndDeletion() {
    assertThat(Operation.START.in(CREATED)).isEqualTo(new Allowed(RUNNING));
    assertThat(Operation.PAUSE.in(RUNNING)).isEqualTo(new Allowed(PAUSED));
    assertThat(Operation.RESUME.in(PAUSED)).isEqualTo(new Allowed(RUNNING));
    assertThat(Operation.FORCED_DELETE.in(PAUSED)).isEqualTo(new Allowed(STOPPED));
    assertThat(Operation.SIGNAL.in(PAUSED)).isEqualTo(new Allowed(PAUSED));
  }

  @Test
  void stopsFromAnywhereAndNeverComesBack() {
    for (ContainerState state : ContainerState.values()) {
      assertThat(state.canBecome(STOPPED)).isTrue();
      assertThat(STOPPED.canBecome(state)).isEqualTo(state == STOPPED);
      assertThat(state.canBecome(CREATING)).isFalse();
    }
    assertThat(CREATED.canBecome(PAUSED)).isFalse();
    assertThat(CREATING.canBecome(RUNNING)).isFalse();
  }

  @Property
  void neverLeadsWhereAStateCannotGo(
      @ForAll ContainerState first, @ForAll List<Operation> operations) {
    ContainerState state = first;
    for (Operation operation : operations) {
      if (operation.in(state) instanceof Allowed(ContainerState next)) {
        assertThat(next == state || state.canBecome(next)).isTrue();
        state = next;
      }
    }
  }
}
