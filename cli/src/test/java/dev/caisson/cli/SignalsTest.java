package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SignalsTest {
  @Test
  void readsNamesWithAndWithoutPrefixInAnyCaseAndNumbers() {
    assertThat(List.of("TERM", "SIGTERM", "sigterm", "term", "15").stream().map(Signals::parse))
        .containsOnly(15);
  }

  @Test
  void agreesWithTheKernelAtTheEndsOfItsTable() {
    assertThat(Signals.parse("HUP")).isEqualTo(1);
    assertThat(Signals.parse("KILL")).isEqualTo(Signals.KILL);
    assertThat(Signals.parse("SYS")).isEqualTo(31);
    assertThat(Signals.parse("64")).isEqualTo(64);
    assertThat(Signals.parse("0")).isZero();
  }

  @Test
  void readsRealTimeSignalsAsKillDoes() {
    assertThat(List.of("RTMIN", "SIGRTMIN", "rtmin+0", "34").stream().map(Signals::parse))
        .containsOnly(34);
    assertThat(Signals.parse("SIGRTMIN+3")).isEqualTo(37);
    assertThat(Signals.parse("RTMAX-1")).isEqualTo(63);
    assertThat(Signals.parse("RTMAX")).isEqualTo(64);
  }

  @Test
  void refusesWhatIsNoSignal() {
    for (String text :
        List.of(
            "RTMIN+31",
            "RTMAX-31",
            "RTMIN-1",
            "RTMAX+1",
            "RTMIN+",
            "RT",
            "65",
            "-1",
            "SIG",
            "",
            "NOPE",
            "1e1",
            "015x")) {
      assertThatThrownBy(() -> Signals.parse(text)).isInstanceOf(CliException.class);
    }
  }

  @Test
  void namesARealTimeSignalByItsNumber() {
    assertThat(Signals.name(9)).isEqualTo("KILL");
    assertThat(Signals.name(34)).isEqualTo("34");
  }
}
