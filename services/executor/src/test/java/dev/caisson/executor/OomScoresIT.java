package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.OomScoreAdjusted;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.types.v1.ContainerSpec;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whom the kernel ends when memory is short: a sandbox no sooner than any of its containers. */
class OomScoresIT {
  /** Far more than any request makes. */
  private static final int MOST = 2000;

  private final FaultyKernel faults = new FaultyKernel();
  private TestNode node;
  private int own;

  @BeforeEach
  void launch() throws Exception {
    node = TestNode.launchOn(faults.kernel());
    own = score(node.executorPid());
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private static int score(long pid) {
    try {
      return Integer.parseInt(Files.readString(Path.of("/proc/" + pid + "/oom_score_adj")).strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ContainerSpec.Builder scored(int score) {
    ContainerSpec.Builder spec = node.spec("sleep", "600");
    spec.getProcessBuilder().setOomScoreAdj(score);
    return spec;
  }

  private ContainerSpec.Builder unscored() {
    return node.spec("sleep", "600");
  }

  private int create(String id, ContainerSpec.Builder spec) {
    return node.createIn("box", id, spec).getPid();
  }

  @Test
  void aSandboxHasTheLeastOfItsContainers() {
    Sandbox box = node.createSandbox("box");
    assertThat(score(box.getInitPid())).isEqualTo(own);
    int first = create("first", scored(500));
    assertThat(score(box.getInitPid())).isEqualTo(500);
    int second = create("second", scored(300));
    assertThat(score(box.getInitPid())).isEqualTo(300);
    var _ = create("third", scored(700));
    assertThat(score(box.getInitPid())).isEqualTo(300);
    assertThat(score(first)).isEqualTo(500);
    assertThat(score(second)).isEqualTo(300);
    node.delete("second", true);
    assertThat(score(box.getInitPid())).isEqualTo(500);
    node.delete("first", true);
    assertThat(score(box.getInitPid())).isEqualTo(700);
    node.delete("third", true);
    assertThat(score(box.getInitPid())).isEqualTo(own);
  }

  /** It is there until it is deleted, and may have left something behind. */
  @Test
  void oneThatHasEndedCounts() {
    Sandbox box = node.createSandbox("box");
    var _ = create("first", scored(300));
    var _ = create("second", scored(500));
    var _ = node.start("first");
    node.signal("first", 9);
    assertThat(node.await("first").getSignal()).isEqualTo(9);
    assertThat(score(box.getInitPid())).isEqualTo(300);
    node.delete("first");
    assertThat(score(box.getInitPid())).isEqualTo(500);
  }

  /** Nor its exec'd processes, which are caisson-init's children too. */
  @Test
  void oneWithoutAScoreHasNoSiblings() {
    var _ = node.createSandbox("box");
    var _ = create("scored", scored(500));
    int pid = create("unscored", unscored());
    assertThat(score(pid)).isEqualTo(own);
    var _ = node.start("unscored");
    assertThat(node.exec("unscored", "cat", "/proc/self/oom_score_adj").ended().out())
        .isEqualTo(own + "\n");
    var _ = node.start("scored");
    assertThat(node.exec("scored", "cat", "/proc/self/oom_score_adj").ended().out())
        .isEqualTo("500\n");
  }

  @Test
  void thatOfAPodsFirstContainerIsItsOwn() {
    var _ = node.create("box", scored(300).setInfrastructure(true));
    int init = init("box");
    assertThat(score(init)).isEqualTo(own);
    var _ = create("second", scored(500));
    assertThat(score(init)).isEqualTo(500);
    node.delete("second", true);
    assertThat(score(init)).isEqualTo(own);
  }

  private int init(String sandbox) {
    return sandbox(sandbox).getInitPid();
  }

  private Sandbox sandbox(String sandbox) {
    return node.stub()
        .getSandbox(
            dev.caisson.proto.executor.v1.GetSandboxRequest.newBuilder()
                .setTenant(TestNode.TENANT)
                .setSandboxId(sandbox)
                .build());
  }

  @Test
  void oneThatStandsAloneIsItsSandbox() {
    var _ = node.create("alone", scored(300));
    assertThat(score(init("alone"))).isEqualTo(300);
    node.delete("alone", true);
  }

  @Test
  void anotherLifeOfTheExecutorKnowsThem() throws Exception {
    Sandbox box = node.createSandbox("box");
    var _ = create("first", scored(300));
    var _ = create("second", scored(500));
    node.shut();
    Files.writeString(Path.of("/proc/" + box.getInitPid() + "/oom_score_adj"), "900");
    node.open();
    assertThat(score(box.getInitPid())).as("as if it had been cut off").isEqualTo(300);
    node.delete("first", true);
    node.delete("second", true);
    assertThat(score(box.getInitPid())).isEqualTo(own);
  }

  @Test
  void siblingsThatComeAndGoAtOnceLeaveTheRightOne() {
    Sandbox box = node.createSandbox("box");
    for (int round = 0; round < 3; round++) {
      all(i -> create("c" + i, i % 4 == 3 ? unscored() : scored(300 + i)));
      assertThat(score(box.getInitPid())).isEqualTo(300);
      all(i -> {
        if (i < 4) {
          node.delete("c" + i, true);
        } else {
          var _ = create("d" + i, scored(200 + i));
        }
      });
      assertThat(score(box.getInitPid())).isEqualTo(204);
      all(i -> node.delete((i < 4 ? "d" + (i + 4) : "c" + i), true));
      assertThat(score(box.getInitPid())).isEqualTo(own);
    }
  }

  private static void all(IntConsumer task) {
    IntStream.range(0, 8)
        .mapToObj(i -> CompletableFuture.runAsync(() -> task.accept(i)))
        .toList()
        .forEach(CompletableFuture::join);
  }

  /** Of two ids of which one begins with the other. */
  @Test
  void anotherSandboxIsAnother() {
    Sandbox box = node.createSandbox("box");
    Sandbox longer = node.createSandbox("box-1");
    var _ = node.createIn("box-1", "c", scored(500));
    assertThat(score(box.getInitPid())).isEqualTo(own);
    assertThat(score(longer.getInitPid())).isEqualTo(500);
  }

  private List<Event> adjusted() throws Exception {
    return Recorded.of(node).stream()
        .filter(Event::hasOomScoreAdjusted)
        .filter(event -> event.getSubject().getContainerUid().isEmpty())
        .toList();
  }

  @Test
  void isRecorded() throws Exception {
    Sandbox box = node.createSandbox("box");
    var _ = create("c", scored(500));
    node.delete("c", true);
    OomScoreAdjusted.Builder there =
        OomScoreAdjusted.newBuilder()
            .setPid(box.getInitPid())
            .setFrom(own)
            .setTo(500)
            .setWhy("the least of its containers");
    assertThat(adjusted())
        .extracting(Event::getPhase)
        .containsExactly(Phase.INTENT, Phase.OUTCOME, Phase.INTENT, Phase.OUTCOME);
    assertThat(adjusted())
        .extracting(Event::getOomScoreAdjusted)
        .contains(there.build(), there.setFrom(500).setTo(own).build());
  }

  @Test
  void theProcessesOfAContainerAreRecordedWithWhoAsked() throws Exception {
    var _ = node.createSandbox("box");
    int init = create("c", scored(500));
    node.start("c");
    int pid = node.exec("c", "sleep", "60").execStarted().getPid();
    List<Event> events =
        Recorded.of(node).stream()
            .filter(Event::hasOomScoreAdjusted)
            .filter(event -> !event.getSubject().getContainerUid().isEmpty())
            .toList();
    assertThat(events)
        .extracting(Event::getPhase)
        .containsExactly(Phase.INTENT, Phase.OUTCOME, Phase.INTENT, Phase.OUTCOME);
    assertThat(events)
        .extracting(event -> event.getOomScoreAdjusted().getPid())
        .containsExactly(init, init, pid, pid);
    assertThat(events)
        .allMatch(event -> event.getOomScoreAdjusted().getTo() == 500)
        .allMatch(event -> event.getActor().getPrincipal().equals("uid:1000"));
    assertThat(events.getLast().getSubject().getProcessId()).isNotEmpty();
  }

  /** A container is made nevertheless; who runs the executor is told until it is well again. */
  @Test
  void whatCannotBeDoneIsTold() throws Exception {
    Sandbox box = node.createSandbox("box");
    int others = 0;
    while (adjusted().stream().noneMatch(Event::hasFailure)) {
      assertThat(others).isLessThan(MOST);
      deleteIfThere("c");
      createWithFault(others++);
    }
    assertThat(score(box.getInitPid())).isEqualTo(own);
    assertThat(missing().getFirst())
        .startsWith("The OOM score of sandbox box of tenant ")
        .contains("is not the least of its containers, since it could not be ");
    assertThat(sandbox("box").getDegradedList()).isEqualTo(missing());
    var _ = create("d", scored(400));
    assertThat(missing()).isEmpty();
    assertThat(score(box.getInitPid())).isEqualTo(400);
  }

  private void deleteIfThere(String id) {
    try {
      node.delete(id, true);
    } catch (StatusRuntimeException e) {
      Problem.of(e).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    }
  }

  private void createWithFault(int others) {
    faults.failAfter(others);
    try {
      var _ = create("c", scored(500));
    } catch (StatusRuntimeException e) {
      Problem.of(e).says("EIO"); // it was another call that failed
    } finally {
      assertThat(faults.outcome()).as("a call fails").isPresent();
    }
  }

  private List<String> missing() {
    return node.stub().getNode(GetNodeRequest.getDefaultInstance()).getMissingList().stream()
        .filter(sentence -> sentence.contains("OOM score"))
        .toList();
  }
}
