package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.auditor.trail.Problem.Kind;
import dev.caisson.events.JournalRecord;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.SandboxCreated;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SandboxChecksTest {

  private final FakeJournal journal = new FakeJournal("n1").started();
  private final SandboxChecks checks = new SandboxChecks(() -> false, false);
  private int seen;

  @Test
  void forgetsASandboxThatIsDeletedOrWasNeverMade() throws Exception {
    journal.sandboxCreated("live").life("web", "nginx");
    SandboxCreated creation = SandboxCreated.getDefaultInstance();
    journal.intent("failed", "", event -> event.setSandboxCreated(creation));
    Failure failure = Failure.newBuilder().setCode(13).build();
    journal.outcome("failed", "", event -> event.setSandboxCreated(creation).setFailure(failure));
    assertThat(problem()).isEmpty();
    assertThat(checks.size()).isEqualTo(1);
  }

  @Test
  void knowsNoMoreThanItsBoundAndTakesOneBackThatItForgot() throws Exception {
    for (int i = 0; i <= SandboxChecks.MAX_SANDBOXES; i++) {
      journal.sandboxCreated("s" + i);
    }
    assertThat(problem()).isEmpty();
    assertThat(checks.size()).isEqualTo(SandboxChecks.MAX_SANDBOXES);
    journal.created("s0", "c").started("s0", "c");
    assertThat(problem()).isEmpty();
  }

  @Test
  void namesARecordThatDoesNotFollowItsSandboxs() throws Exception {
    journal.sandboxCreated("web").created("web", "c").created("web", "c");
    assertThat(problem().orElseThrow().kind()).isEqualTo(Kind.ORDER);
  }

  @Test
  void remembersTheLastContainersThatWereDeleted() throws Exception {
    journal.sandboxCreated("web");
    for (int i = 0; i <= LifecycleCheck.MAX_OVER; i++) {
      journal.created("web", "c" + i).deleted("web", "c" + i);
    }
    assertThat(problem()).isEmpty();
    journal.created("web", "c0");
    assertThat(problem()).as("it was forgotten").isEmpty();
    journal.created("web", "c" + LifecycleCheck.MAX_OVER);
    assertThat(problem().orElseThrow().kind()).isEqualTo(Kind.ORDER);
  }

  private Optional<Problem> problem() throws Exception {
    Optional<Problem> problem = Optional.empty();
    for (JournalRecord record : journal.records().subList(seen, journal.records().size())) {
      TrailEntry entry = TrailEntry.received(record.event(), record.chain());
      problem = problem.or(() -> checks.accept(entry));
    }
    seen = journal.records().size();
    return problem;
  }
}
