package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.Reason;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each attack fails against the executor, and succeeds against one that lacks the defence: so it is
 * that defence which makes it fail, and the attack is one. The table of all attacks:
 * tests/boundary/README.md.
 */
class AttacksIT {
  @TempDir private static Path directory;

  static List<String> attacks() {
    return Attacks.names().filter(name -> !HostAttacks.all().containsKey(name)).toList();
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void fails(String attack) throws Exception {
    assertThat(WeakenedExecutor.unweakenedLets(attack, directory)).isFalse();
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void succeedsWithoutTheDefence(String attack) throws Exception {
    assertThat(WeakenedExecutor.weakenedLets(attack, directory)).isTrue();
  }

  /** What an image has in the place of a directory stops nothing but its own container. */
  @ParameterizedTest
  @ValueSource(strings = {"proc", "sys", "dev"})
  void aPlaceThatIsNoDirectoryIsRefused(String place) throws Exception {
    try (TestNode node = TestNode.launch()) {
      Path target = Files.createFile(node.rootfs().resolve(place));
      Problem.of(() -> node.create("file", node.spec("true")))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
      Files.delete(target);
      OnNode.onHost("mkfifo", target.toString());
      Problem.of(() -> node.create("fifo", node.spec("true")))
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    }
  }

  @Test
  void eachHasItsWeakening() {
    assertThat(Weakenings.names()).containsExactlyInAnyOrderElementsOf(Attacks.names().toList());
  }
}
