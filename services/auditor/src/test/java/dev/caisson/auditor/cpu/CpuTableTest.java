package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuTableTest {

  private final CpuTable table = new CpuTable(3, 2, 1_000);

  @Test
  void keepsTheNewestOfEachSandbox() {
    table.put(figures("b", 1));
    table.put(figures("a", 2));
    table.put(figures("a", 1));
    assertThat(seqs(any())).containsExactly(2L, 1L);
  }

  @Test
  void findsByIdOrUid() {
    table.put(figures("a", 1));
    table.put(figures("b", 2));
    assertThat(seqs(new CpuQuery("default", "b", ""))).containsExactly(2L);
    assertThat(seqs(new CpuQuery("", "uid-b", ""))).containsExactly(2L);
    assertThat(seqs(new CpuQuery("other", "", ""))).isEmpty();
  }

  @Test
  void leavesOutOtherContainersButNotTheSandboxsOwnFigures() {
    table.put(figures("a", 1));
    List<CpuApportioned> found = table.find(new CpuQuery("", "", "c2"));
    assertThat(found.getFirst().getContainersList())
        .extracting(ContainerCpu::getContainerUid)
        .containsExactly("uid-c2");
    assertThat(found.getFirst().getCgroupNanos()).isEqualTo(30);
    assertThat(table.find(new CpuQuery("", "", "c3"))).isEmpty();
  }

  @Test
  void forgetsSandboxesThatAreGoneFirst() {
    table.put(figures("a", 1));
    table.put(figures("b", 1).toBuilder().setLast(true).build());
    table.put(figures("c", 1));
    table.put(figures("d", 1));
    assertThat(ids()).containsExactly("a", "c", "d");
  }

  @Test
  void forgetsWhoHasBeenSilentLongestWhereNoneIsGone() {
    for (String sandbox : List.of("a", "b", "c")) {
      table.put(figures(sandbox, 1));
    }
    table.put(figures("a", 2));
    table.put(figures("d", 1));
    assertThat(ids()).containsExactly("a", "c", "d");
  }

  @Test
  void keepsFewerOfThoseThatAreGone() {
    for (String sandbox : List.of("a", "b", "c")) {
      table.put(figures(sandbox, 1).toBuilder().setLast(true).build());
    }
    assertThat(ids()).containsExactly("b", "c");
  }

  @Test
  void keepsNoMoreBytesThanItsBound() {
    CpuApportioned one = figures("a", 1);
    CpuTable two = new CpuTable(100, 100, 2L * one.getSerializedSize());
    two.put(one);
    two.put(figures("b", 1));
    two.put(figures("b", 2));
    assertThat(two.find(any())).hasSize(2);
    two.put(figures("c", 1));
    assertThat(two.find(any())).extracting(CpuApportioned::getSandboxId).containsExactly("b", "c");
    two.remove("uid-b");
    two.put(figures("d", 1));
    assertThat(two.find(any())).hasSize(2);
  }

  @Test
  void tellsListenersOnlyWhatIsNew() {
    List<Long> heard = new ArrayList<>();
    try (CpuTable.Subscription _ = table.listen(figures -> heard.add(figures.getSandboxSeq()))) {
      table.put(figures("a", 1));
      table.put(figures("a", 1));
      table.put(figures("a", 2));
    }
    table.put(figures("a", 3));
    assertThat(heard).containsExactly(1L, 2L);
  }

  private static CpuApportioned figures(String sandbox, long seq) {
    return CpuApportioned.newBuilder()
        .setNode("n1")
        .setTenant("default")
        .setSandboxId(sandbox)
        .setSandboxUid("uid-" + sandbox)
        .setSandboxSeq(seq)
        .setCgroupNanos(30)
        .addContainers(container("c1", 10))
        .addContainers(container("c2", 20))
        .build();
  }

  private static ContainerCpu container(String id, long total) {
    return ContainerCpu.newBuilder()
        .setContainerId(id)
        .setContainerUid("uid-" + id)
        .setTotalNanos(total)
        .build();
  }

  private List<Long> seqs(CpuQuery query) {
    return table.find(query).stream().map(CpuApportioned::getSandboxSeq).toList();
  }

  private List<String> ids() {
    return table.find(any()).stream().map(CpuApportioned::getSandboxId).toList();
  }

  private static CpuQuery any() {
    return new CpuQuery("", "", "");
  }
}
