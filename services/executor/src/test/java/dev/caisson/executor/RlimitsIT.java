package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Rlimit;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Limits that are above the executor's own. */
class RlimitsIT extends OnNode {
  /** {@code CAP_SYS_RESOURCE}. */
  private static final int SYS_RESOURCE = 24;

  private static final String SHOW = "grep msgqueue /proc/self/limits";
  private static final String WHO = "whether the executor has CAP_SYS_RESOURCE";

  private static boolean mayRaise() throws Exception {
    String set = line("/proc/self/status", "CapEff:").split("\\s+", -1)[1];
    return (Long.parseUnsignedLong(set, 16) >>> SYS_RESOURCE & 1) == 1;
  }

  private static String line(String file, String start) throws Exception {
    return Files.readAllLines(Path.of(file)).stream()
        .filter(line -> line.startsWith(start))
        .findFirst()
        .orElseThrow();
  }

  /** One more than this process has: what the executor under test, which it is, has too. */
  private static long more() throws Exception {
    String hard = line("/proc/self/limits", "Max msgqueue size").strip().split("\\s{2,}", -1)[2];
    assumeFalse(hard.equals("unlimited"), "nothing is above the executor's own limit");
    return Long.parseLong(hard) + 1;
  }

  private ContainerSpec.Builder spec(String... program) throws Exception {
    ContainerSpec.Builder spec = node.spec(program);
    spec.getProcessBuilder()
        .addRlimits(Rlimit.newBuilder().setType("RLIMIT_MSGQUEUE").setSoft(more()).setHard(more()));
    return spec;
  }

  @Test
  void areRaisedForAContainerAndWhatIsExecedInIt() throws Exception {
    assumeTrue(mayRaise(), WHO);
    String expected = more() + " " + more();
    assertThat(node.run(spec("sh", "-c", SHOW)).out().replaceAll("\\s+", " ")).contains(expected);
    node.started("c", spec("sleep", "60"));
    assertThat(node.exec("c", "sh", "-c", SHOW).ended().out().replaceAll("\\s+", " "))
        .contains(expected);
  }

  @Test
  void areRefusedByNameWhereTheExecutorMayNotRaiseThem() throws Exception {
    assumeFalse(mayRaise(), WHO);
    ContainerSpec.Builder spec = spec("true");
    Problem problem =
        Problem.of(() -> node.create("c", spec))
            .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED)
            .says("process.rlimits[0].hard", "CAP_SYS_RESOURCE", "lower it");
    assertThat(problem.info().getMetadataMap()).containsEntry("field", "process.rlimits[0].hard");
  }
}
