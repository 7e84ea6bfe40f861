package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.cgroup.CgroupDriver;
import dev.caisson.executor.journal.Durability;
import dev.caisson.executor.journal.FullMode;
import dev.caisson.executor.journal.JournalSettings;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
  @Test
  void readsPairsAndKnowsDefaults() {
    Options options = Options.parse("--data", "/d", "--run", "/r", "--node", "n");
    assertThat(options)
        .isEqualTo(
            new Options(
                Path.of("/d"),
                Path.of("/r"),
                "n",
                "0",
                "0",
                "",
                CgroupDriver.CGROUPFS,
                "/caisson",
                "/etc/cni/net.d",
                "/usr/lib/cni:/opt/cni/bin",
                "",
                4,
                0,
                "",
                false,
                new JournalOptions(Durability.GROUP, FullMode.FAIL_CLOSED, 1024, 24)));
    assertThat(
            Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--cgroup-parent", "/x")
                .cgroupParent())
        .isEqualTo("/x");
    assertThat(
            Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--parked", "0").parked())
        .isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "65", "many", ""})
  void refusesANumberOfParkedSandboxesThatIsNone(String parked) {
    assertThatThrownBy(
            () -> Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--parked", parked))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--parked must be 0 to 64");
  }

  @Test
  void makesItsNamespacesOnlyWhenToldTo() {
    assertThat(
            Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--own-namespaces", "yes")
                .ownNamespaces())
        .isTrue();
    assertThatThrownBy(() ->
            Options.parse(
                "--node", "n", "--data", "/d", "--run", "/r", "--own-namespaces", "perhaps"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--own-namespaces must be yes or no");
  }

  @Test
  void saysHowTheJournalIsKept() {
    JournalOptions always =
        journal(
            "--journal-durability",
            "always",
            "--journal-full",
            "fail-open",
            "--journal-mib",
            "16",
            "--journal-retention-hours",
            "0");
    assertThat(always).isEqualTo(new JournalOptions(Durability.ALWAYS, FullMode.FAIL_OPEN, 16, 0));
    JournalSettings settings = always.settings(Path.of("/d/journal"), "n");
    assertThat(settings.maxBytes()).isEqualTo(16 << 20);
    assertThat(settings.reserveBytes()).isEqualTo(4 << 20);
    assertThat(settings.retention()).isZero();
    assertThat(journal().settings(Path.of("/d/journal"), "n"))
        .isEqualTo(JournalSettings.defaults(Path.of("/d/journal"), "n"));
  }

  @ParameterizedTest
  @CsvSource({
    "--journal-durability, never, group or always",
    "--journal-full, open, fail-closed or fail-open",
    "--journal-mib, 3, 4 to 1048576",
    "--journal-mib, 1048577, 4 to 1048576",
    "--journal-mib, much, 4 to 1048576",
    "--journal-retention-hours, -1, 0 to 8784",
    "--journal-retention-hours, 8785, 0 to 8784"
  })
  void refusesAJournalThatCannotBe(String name, String value, String rule) {
    assertThatThrownBy(() -> journal(name, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(name + " must be " + rule + ": " + value);
  }

  private static JournalOptions journal(String... more) {
    return Options.parse(
            Stream.concat(Stream.of("--node", "n", "--data", "/d", "--run", "/r"), Stream.of(more))
                .toArray(String[]::new))
        .journal();
  }

  @Test
  void takesASliceForSystemd() {
    assertThat(systemd().cgroupParent()).isEqualTo("/caisson.slice");
    assertThat(systemd("--cgroup-parent", "/caisson.slice/caisson-b.slice").cgroupParent())
        .isEqualTo("/caisson.slice/caisson-b.slice");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/caisson", "caisson.slice", "/caisson-b.slice", "/a.slice/b.slice"})
  void refusesAPathThatIsNoSlice(String parent) {
    assertThatThrownBy(() -> systemd("--cgroup-parent", parent))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "--cgroup-parent must, with the systemd driver, be the path of a slice");
  }

  private static Options systemd(String... more) {
    return Options.parse(
        Stream.concat(
                Stream.of(
                    "--node", "n", "--data", "/d", "--run", "/r", "--cgroup-driver", "systemd"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void refusesADriverThatIsNone() {
    assertThatThrownBy(() ->
            Options.parse("--node", "n", "--data", "/d", "--run", "/r", "--cgroup-driver", "v2"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("--cgroup-driver must be cgroupfs or systemd: v2");
  }

  @Test
  void saysAllThatIsWrongAtOnce() {
    assertThatThrownBy(() -> Options.parse("--colour", "red", "--node"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(
            "--colour is not an option",
            "--node must be followed by a value",
            "--data must be given",
            "--run must be given");
  }
}
