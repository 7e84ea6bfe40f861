package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.executor.v1.Reason;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each process has a session keyring, of which the kernel allows each user so many. */
class SessionKeyringsIT extends OnNode {
  private static final Path MOST = Path.of("/proc/sys/kernel/keys/maxkeys");

  /** Of a kernel whose administrator has not changed it there are 200. */
  private static final int MANY = 500;

  @BeforeAll
  static void allowMany() throws Exception {
    int most = Integer.parseInt(Files.readString(MOST).strip());
    assumeTrue(
        most < MANY,
        "Skipped: needs a limit of keys below the " + MANY + " tried; " + MOST + " is " + most);
    allow("limits.execs-per-sandbox = " + MANY);
  }

  private static Optional<Throwable> problemOfExec() {
    var exec = node.exec(TestNode.execRequest("c", "sleep", "60").setDetach(true));
    try {
      var _ = exec.execStarted();
      return Optional.empty();
    } catch (CompletionException e) {
      return Optional.ofNullable(e.getCause());
    }
  }

  @Test
  void whatIsBeyondThemIsRefusedInWords() {
    node.started("c", node.spec("sleep", "60"));
    Problem refused =
        IntStream.range(0, MANY)
            .mapToObj(i -> problemOfExec())
            .flatMap(Optional::stream)
            .findFirst()
            .map(Problem::of)
            .orElseThrow();
    refused
        .is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED)
        .says("make a session keyring", "kernel.keys.maxkeys");
    node.createIn("c", "d", node.spec("true"));
    Problem.of(() -> node.start("d")).is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED);
    node.started("other", node.spec("true"));
    node.delete("c", true);
    node.started("c", node.spec("sleep", "60"));
    assertThat(problemOfExec()).as("of another sandbox").isEmpty();
  }
}
