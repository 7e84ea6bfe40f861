package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** As {@link AttacksIT}: the attacks that need namespaces of the executor's own. */
class HostAttacksIT {
  @TempDir private static Path directory;

  private static Map<String, Boolean> outcomes = Map.of();

  @BeforeAll
  static void tryAll() throws Exception {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
        "Skipped: containers are made by root");
    outcomes = OwnNamespaces.outcomes(directory);
  }

  static Set<String> attacks() {
    return HostAttacks.all().keySet();
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void fails(String attack) {
    assertThat(outcomes).containsEntry(attack, false);
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void succeedsWithoutTheDefence(String attack) {
    assertThat(outcomes).containsEntry(attack + OwnNamespaces.WEAKENED, true);
  }
}
