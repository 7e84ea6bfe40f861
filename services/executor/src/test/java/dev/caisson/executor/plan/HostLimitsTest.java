package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Rlimit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HostLimitsTest {
  private static final int NOFILE = 7;
  private static final long OPEN_FILES = 1 << 20;

  private static HostLimits limits(boolean raises) {
    return new HostLimits(Map.of(NOFILE, 4096L), raises, OPEN_FILES);
  }

  private static ContainerSpec.Builder spec(long hard) {
    ContainerSpec.Builder spec = Specs.least();
    spec.getProcessBuilder()
        .addRlimits(Rlimit.newBuilder().setType("RLIMIT_CORE"))
        .addRlimits(Rlimit.newBuilder().setType("RLIMIT_NOFILE").setSoft(64).setHard(hard));
    return spec;
  }

  private static Plan plan(ContainerSpec.Builder spec, HostLimits limits) {
    ContainerFacts facts =
        new ContainerFacts(
            true,
            new CgroupFacts(List.of(), true),
            true,
            Set.of(),
            Specs.LAST_CAPABILITY,
            Optional.empty(),
            Set.of(),
            limits,
            Map.of(),
            true,
            Passed.NONE,
            Set.of());
    return ContainerPlan.compile(spec.build(), facts);
  }

  private static List<String> barriers(Plan plan) {
    return java.util.stream.IntStream.range(0, plan.steps().size())
        .mapToObj(plan::barrier)
        .flatMap(Optional::stream)
        .toList();
  }

  @Test
  void whatIsNotAboveTheExecutorsOwnTheProcessSetsItself() {
    assertThat(barriers(plan(spec(4096), limits(false)))).containsExactly("created");
  }

  @Test
  void aHigherLimitIsRaisedBeforeTheContainerIsCreated() {
    Plan plan = plan(spec(8192), limits(true));
    assertThat(barriers(plan)).containsExactly("limits", "created");
    assertThat(plan.text()).anyMatch(line -> line.startsWith("prlimit64(0, RLIMIT_NOFILE"));
    assertThat(limits(true).raisedBy(spec(8192).getProcess()))
        .containsExactly(
            new HostLimits.Raised("process.rlimits[1].hard", "RLIMIT_NOFILE", NOFILE, 8192));
  }

  @Test
  void anExecedProcessWaitsForItToo() {
    ContainerSpec spec = spec(8192).build();
    ExecFacts facts =
        new ExecFacts(
            new CgroupFacts(List.of(), true),
            true,
            40,
            Optional.empty(),
            true,
            limits(true),
            Passed.NONE);
    assertThat(barriers(ExecPlan.compile(spec.getProcess(), spec, facts)))
        .containsExactly("limits");
  }

  @Test
  void whoMayNotRaiseSaysSoBeforehand() {
    assertRefused(
        8192,
        false,
        "process.rlimits[1].hard is above the executor's own RLIMIT_NOFILE, 4096, which takes"
            + " CAP_SYS_RESOURCE to raise: lower it, or start the executor with a higher limit.");
  }

  @Test
  void nobodyHasMoreOpenFilesThanTheHostAllows() {
    String words =
        "process.rlimits[1].hard is above fs.nr_open of this host, 1048576: lower it, or raise that.";
    assertRefused(OPEN_FILES + 1, true, words);
    assertRefused(-1, true, words);
  }

  private static void assertRefused(long hard, boolean raises, String words) {
    assertThatThrownBy(() -> plan(spec(hard), limits(raises)))
        .isInstanceOfSatisfying(
            RefusedException.class,
            refused -> {
              assertThat(refused.refusal().reason()).isEqualTo(Reason.HOST_UNSUPPORTED);
              assertThat(refused.refusal().message()).isEqualTo(words);
              assertThat(refused.refusal().metadata())
                  .containsEntry("field", "process.rlimits[1].hard");
            });
  }
}
