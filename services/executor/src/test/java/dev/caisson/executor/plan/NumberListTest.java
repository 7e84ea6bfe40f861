package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.refusal.RefusedException;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NumberListTest {
  private static BitSet cpus(String text) {
    return BitSet.valueOf(NumberList.parse(NumberList.Of.CPUS, "f", text).mask().toByteArray());
  }

  @Test
  void hasRangesAndSingleOnes() {
    assertThat(cpus("0-3,7").stream()).containsExactly(0, 1, 2, 3, 7);
  }

  @Test
  void isWholeWordsAndNoLongerThanNeeded() {
    assertThat(NumberList.parse(NumberList.Of.CPUS, "f", "63").mask().size()).isEqualTo(8);
    assertThat(NumberList.parse(NumberList.Of.CPUS, "f", "64").mask().size()).isEqualTo(16);
    assertThat(NumberList.parse(NumberList.Of.CPUS, "f", "8191").mask().size()).isEqualTo(1024);
  }

  @Property
  void hasWhatIsListed(
      @ForAll @Size(min = 1, max = 100) List<@IntRange(max = 8191) Integer> listed) {
    String text = listed.stream().map(String::valueOf).collect(Collectors.joining(","));
    assertThat(cpus(text).stream().boxed())
        .containsExactlyElementsOf(listed.stream().sorted().distinct().toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",", "0,", "3-1", "8192", "0-8192", "-1", "a", "0 1", "99999", "1-"})
  void isRefusedWhereItIsNone(String text) {
    assertThatThrownBy(() -> NumberList.parse(NumberList.Of.CPUS, "process.cpu_affinity", text))
        .isInstanceOf(RefusedException.class)
        .hasMessageStartingWith("process.cpu_affinity must be a list of CPUs below 8192");
  }

  @Test
  void isRefusedWhereItIsTooLong() {
    assertThatThrownBy(() -> cpus("1,".repeat(512) + "1")).isInstanceOf(RefusedException.class);
  }
}
