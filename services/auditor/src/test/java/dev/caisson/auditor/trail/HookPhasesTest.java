package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.events.JournalRecord;
import dev.caisson.proto.events.v1.ContainerCreated;
import dev.caisson.proto.events.v1.ContainerDeleted;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Stages are told apart as the runtime specification does: config.md, "POSIX-platform Hooks". */
class HookPhasesTest {
  private static final List<String> KINDS =
      List.of(
          "prestart",
          "createRuntime",
          "createContainer",
          "startContainer",
          "poststart",
          "poststop");

  private final FakeJournal journal = new FakeJournal("n1").started().sandboxCreated("x");

  @ParameterizedTest
  @CsvSource({
    "nothing,  ''",
    "creating, prestart createRuntime createContainer poststop",
    "created,  ''",
    "starting, startContainer",
    "running,  poststart",
    "exited,   poststart",
    "deleting, poststart poststop",
    "deleted,  ''",
    "failed,   ''"
  })
  void hooksOfAKindRunInOneStage(String stage, String kinds) throws Exception {
    for (String kind : KINDS) {
      boolean allowed = Arrays.asList(kinds.split(" ")).contains(kind);
      FakeJournal journal = at(stage).hook("x", "c", kind);
      assertThat(problem(journal, false).isEmpty()).as(stage + ": " + kind).isEqualTo(allowed);
    }
  }

  @Test
  void oneOfAnotherContainerIsInNoPhaseOfThis() throws Exception {
    journal.intent("x", "c", HookPhasesTest::creation).hook("x", "d", "createRuntime");
    assertThat(problem(journal, false).orElseThrow().message()).contains("createRuntime");
  }

  @Test
  void aDeletionThatIsRefusedEndsNoOther() throws Exception {
    journal
        .created("x", "c")
        .intent("x", "c", HookPhasesTest::deletion)
        .intent("x", "c", HookPhasesTest::deletion);
    journal.outcome("x", "c", event -> deletion(event).setFailure(Failure.newBuilder()));
    assertThat(problem(journal.hook("x", "c", "poststop"), false)).isEmpty();
  }

  @Test
  void aKindOfANewerExecutorMayRunAtAnyTime() throws Exception {
    assertThat(problem(journal.hook("x", "c", "prepareRuntime"), false)).isEmpty();
  }

  @Test
  void whereEventsWereLeftOutNothingIsSaid() throws Exception {
    assertThat(problem(journal.hook("x", "c", "poststop"), true)).isEmpty();
  }

  private static FakeJournal at(String stage) {
    FakeJournal journal = new FakeJournal("n1").started().sandboxCreated("x");
    return switch (stage) {
      case "nothing" -> journal;
      case "creating" -> journal.intent("x", "c", HookPhasesTest::creation);
      case "failed" ->
          journal
              .intent("x", "c", HookPhasesTest::creation)
              .outcome("x", "c", event -> creation(event).setFailure(Failure.newBuilder()));
      case "created" -> journal.created("x", "c");
      case "starting" -> journal.created("x", "c").intent("x", "c", HookPhasesTest::start);
      case "running" -> journal.created("x", "c").started("x", "c");
      case "exited" -> journal.created("x", "c").started("x", "c").exited("x", "c");
      case "deleting" -> at("exited").intent("x", "c", HookPhasesTest::deletion);
      case "deleted" -> at("exited").deleted("x", "c");
      default -> throw new IllegalArgumentException(stage);
    };
  }

  private static Optional<Problem> problem(FakeJournal journal, boolean omissions)
      throws Exception {
    LifecycleCheck check = new LifecycleCheck(() -> omissions, false);
    for (JournalRecord record : journal.records()) {
      if (Event.parseFrom(record.event()).hasSubject()) {
        Optional<Problem> problem =
            check.accept(TrailEntry.received(record.event(), record.chain()));
        if (problem.isPresent()) {
          return problem;
        }
      }
    }
    return Optional.empty();
  }

  private static Event.Builder creation(Event.Builder event) {
    return event.setContainerCreated(ContainerCreated.getDefaultInstance());
  }

  private static Event.Builder start(Event.Builder event) {
    return event.setContainerStarted(ContainerStarted.getDefaultInstance());
  }

  private static Event.Builder deletion(Event.Builder event) {
    return event.setContainerDeleted(ContainerDeleted.getDefaultInstance());
  }
}
