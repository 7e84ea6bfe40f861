package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import dev.caisson.proto.audit.v1.ContainerCpuWindow;
import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuHistoryTest {

  private static final Duration LENGTH = Duration.ofSeconds(60);
  private static final CpuQuery ANY = new CpuQuery("", "", "");

  private Instant now = Instant.ofEpochSecond(1_000);
  private final CpuHistory history = new CpuHistory(LENGTH, () -> now);

  @Test
  void countsSamplesFromTheBeginningOfAWindowUpToButNotAtItsEnd() {
    lives(1, 10, 2_000_000_000L);
    CpuWindow window = window(3, 6);
    assertThat(window.getStartSeq()).isEqualTo(2);
    assertThat(window.getStart()).isEqualTo(at(2));
    assertThat(window.getEndSeq()).isEqualTo(5);
    assertThat(window.getEnd()).isEqualTo(at(5));
    assertThat(window.getCgroupNanos()).isEqualTo(6_000_000_000L);
    assertThat(window.getCpus()).isEqualTo(2.0);
    assertThat(window.getTruncated()).isFalse();
  }

  @Test
  void windowsThatAdjoinAddUp() {
    lives(1, 20, 7);
    long sum = window(0, 4).getCgroupNanos() + window(4, 5).getCgroupNanos();
    assertThat(sum + window(5, 30).getCgroupNanos()).isEqualTo(window(0, 30).getCgroupNanos());
    assertThat(window(0, 30).getCgroupNanos()).isEqualTo(20 * 7);
  }

  @Test
  void theBeginningOfASandboxIsZero() {
    lives(1, 3, 1_000_000_000L);
    CpuWindow window = window(-3, 10);
    assertThat(window.getStartSeq()).isZero();
    assertThat(window.getStart()).isEqualTo(at(-3));
    assertThat(window.getCgroupNanos()).isEqualTo(3_000_000_000L);
    assertThat(window.getCpus()).isEqualTo(0.5);
    assertThat(window.getTruncated()).isFalse();
  }

  @Test
  void saysWhereItsHistoryBeginsWhenThatIsTooLate() {
    lives(5, 8, 10);
    CpuWindow window = window(0, 100);
    assertThat(window.getTruncated()).isTrue();
    assertThat(window.getStart()).isEqualTo(at(5));
    assertThat(window.getCgroupNanos()).isEqualTo(30);
  }

  @Test
  void nothingIsUsedInAWindowWithoutASample() {
    lives(1, 3, 10);
    CpuWindow window = window(10, 20);
    assertThat(window.getCgroupNanos()).isZero();
    assertThat(window.getCpus()).isZero();
    assertThat(window.getStartSeq()).isEqualTo(3);
  }

  @Test
  void leavesOutWhatWasNotThereInTheWindow() {
    lives(5, 6, 10);
    put(figures(7, 80).toBuilder().setLast(true).build());
    assertThat(windows(ANY, 0, 5)).isEmpty();
    assertThat(windows(ANY, 8, 20)).isEmpty();
    assertThat(windows(ANY, 7, 20)).hasSize(1);
  }

  @Test
  void dividesAWindowByContainers() {
    put(figures(1, 30, container("a", 20), container("b", 10)));
    put(
        figures(2, 37, container("a", 25), container("c", 2)).toBuilder()
            .setRetiredNanos(10)
            .build());
    CpuWindow window = window(2, 3);
    assertThat(window.getContainersList())
        .extracting(ContainerCpuWindow::getContainerId, ContainerCpuWindow::getNanos)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("a", 5L),
            org.assertj.core.groups.Tuple.tuple("c", 2L));
    assertThat(window.getRetiredNanos()).isZero();
    assertThat(window.getCgroupNanos()).isEqualTo(7);
  }

  @Test
  void narrowsToAContainer() {
    put(figures(1, 30, container("a", 20), container("b", 10)));
    CpuWindow window = windows(new CpuQuery("", "uid-web", "b"), 0, 9).getFirst();
    assertThat(window.getContainersList())
        .extracting(ContainerCpuWindow::getContainerUid)
        .containsExactly("uid-b");
    assertThat(window.getCgroupNanos()).isEqualTo(30);
    assertThat(windows(new CpuQuery("", "other", ""), 0, 9)).isEmpty();
  }

  @Test
  void windowsCanBeginWhereTheHistoryDoes() {
    lives(1, 100, 10);
    now = now.plusSeconds(100);
    put(figures(101, 1_010));
    assertThat(window(41, 200).getTruncated()).isFalse();
    assertThat(window(40, 200).getTruncated()).isFalse();
    assertThat(window(39, 200).getTruncated()).isTrue();
    assertThat(window(39, 200).getStart()).isEqualTo(at(39));
  }

  @Test
  void forgetsSandboxesOfWhichNothingIsKept() {
    lives(1, 3, 10);
    now = now.plusSeconds(64);
    put(figures(1, 5).toBuilder().setSandboxUid("uid-db").setTime(at(64)).build());
    assertThat(windows(ANY, 0, 100)).extracting(CpuWindow::getSandboxUid).containsExactly("uid-db");
  }

  @Test
  void keepsNoMoreThanItsBound() {
    int own = SandboxHistory.OWN_AMOUNTS + figures(9, 9).getSerializedSize() / 2;
    CpuHistory bounded = new CpuHistory(LENGTH, () -> now, own + 5 * Moment.OWN_AMOUNTS);
    for (int i = 1; i <= 9; i++) {
      bounded.put(figures(i, i));
    }
    CpuWindow window = bounded.find(ANY, time(0), time(100)).getFirst();
    assertThat(window.getTruncated()).isTrue();
    assertThat(window.getStartSeq()).as("four, and the one before them").isEqualTo(5);
    assertThat(window.getCgroupNanos()).isEqualTo(4);
  }

  @Test
  void countsWhatEachSandboxTakesBesideItsMoments() {
    int two = 2 * new Weighed(figures(1, 1).toBuilder().setSandboxUid("a").build()).amounts();
    CpuHistory bounded = new CpuHistory(LENGTH, () -> now, two);
    for (String sandbox : List.of("a", "b", "c")) {
      bounded.put(figures(1, 1).toBuilder().setSandboxUid(sandbox).build());
    }
    assertThat(bounded.find(ANY, time(0), time(100)))
        .extracting(CpuWindow::getSandboxUid)
        .containsExactly("b", "c");
  }

  /** What figures take alone. */
  private record Weighed(CpuApportioned figures) {
    int amounts() {
      CpuHistory alone = new CpuHistory(LENGTH, () -> time(0));
      alone.put(figures);
      return alone.amounts();
    }
  }

  /** A thousand containers that are others each second are a thousand names each second. */
  @Test
  void countsNamesOnceForEachListOfThem() {
    String longId = "x".repeat(80);
    ContainerCpu.Builder one = container(longId, 1);
    int with = new Weighed(figures(1, 1, one)).amounts();
    put(figures(1, 1, one));
    assertThat(history.amounts()).isEqualTo(with);
    put(figures(2, 2, one));
    int shared = history.amounts() - with;
    assertThat(shared).as("one moment").isLessThan(Moment.OWN_AMOUNTS + 4);
    put(figures(3, 3, container(longId + "y", 1)));
    assertThat(history.amounts() - with - shared).isGreaterThan(shared + 2 * 80 / Long.BYTES);

    now = now.plusSeconds(64); // the third alone is kept, and what it was before
    put(figures(64, 64, container(longId + "y", 2)));
    now = now.plusSeconds(100);
    put(figures(164, 164, container(longId + "y", 2)));
    assertThat(history.amounts())
        .as("one moment, the one before it, and their names once")
        .isBetween(with + shared - 8, with + shared + 8);
    now = now.plusSeconds(100);
    put(figures(1, 1).toBuilder().setSandboxUid("other").setTime(at(264)).build());
    assertThat(history.amounts())
        .isEqualTo(
            new Weighed(figures(1, 1).toBuilder().setSandboxUid("other").setTime(at(264)).build())
                .amounts());
  }

  @Test
  void countsFiguresThatComeAgainOnce() {
    lives(1, 4, 10);
    lives(1, 4, 10);
    assertThat(window(0, 100).getCgroupNanos()).isEqualTo(40);
  }

  private void lives(int from, int to, long step) {
    for (int i = from; i <= to; i++) {
      put(figures(i, i * step));
    }
  }

  private void put(CpuApportioned figures) {
    history.put(figures);
  }

  private CpuWindow window(long from, long to) {
    return windows(ANY, from, to).getFirst();
  }

  private List<CpuWindow> windows(CpuQuery query, long from, long to) {
    return history.find(query, time(from), time(to));
  }

  private static Instant time(long second) {
    return Instant.ofEpochSecond(1_000 + second);
  }

  private static Timestamp at(long second) {
    return Timestamp.newBuilder().setSeconds(1_000 + second).build();
  }

  /** Sampled at the second of its number. */
  private static CpuApportioned figures(long seq, long used, ContainerCpu.Builder... containers) {
    CpuApportioned.Builder figures =
        CpuApportioned.newBuilder()
            .setSandboxId("web")
            .setSandboxUid("uid-web")
            .setSandboxSeq(seq)
            .setTime(at(seq))
            .setCgroupNanos(used);
    List.of(containers).forEach(figures::addContainers);
    return figures.build();
  }

  private static ContainerCpu.Builder container(String id, long total) {
    return ContainerCpu.newBuilder()
        .setContainerId(id)
        .setContainerUid("uid-" + id)
        .setTotalNanos(total);
  }
}
