package dev.caisson.executor.procfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ProcessStatusTest {
  private static final String TEXT =
      """
      Name:\tsh
      Uid:\t1\t2\t3\t4
      Gid:\t5\t4294967294\t7\t8
      NSpid:\t4321\t7\t1
      """;

  @Test
  void readsEffectiveIdsAndTheNumbersOfEachNamespace() {
    ProcessStatus status = ProcessStatus.parse(TEXT).orElseThrow();
    assertThat(status).isEqualTo(new ProcessStatus(2, -2, List.of(4321, 7, 1)));
    assertThat(status.level()).isEqualTo(2);
    assertThat(status.number(1)).isEqualTo(7);
    assertThat(status.number(3)).as("it is in no such namespace").isZero();
  }

  @Test
  void otherTextIsNone() {
    assertThat(ProcessStatus.parse("")).isEmpty();
    assertThat(ProcessStatus.parse(TEXT.replace("NSpid:", "Tgid:"))).isEmpty();
    assertThat(ProcessStatus.parse(TEXT.replace("\t2\t3\t4", ""))).isEmpty();
    assertThat(ProcessStatus.parse(TEXT.replace("4321", "x"))).isEmpty();
  }

  @Property
  void noTextMakesItFail(@ForAll String text) {
    assertThat(ProcessStatus.parse("Uid:" + text + "\nGid:" + text + "\nNSpid:" + text))
        .isNotNull();
  }
}
