package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IoPriority;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.Scheduler;
import dev.caisson.proto.types.v1.User;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExecPlanTest {
  private static final ExecFacts FACTS =
      new ExecFacts(new CgroupFacts(List.of(), true), true, 40, java.util.Optional.empty());

  private static final Process CONTAINER =
      Process.newBuilder()
          .addArgs("/bin/server")
          .addEnv("A=1")
          .addEnv("B=2")
          .setCwd("/app")
          .setUser(User.newBuilder().setUid(7))
          .setCapabilities(Specs.capabilities("CAP_KILL"))
          .addRlimits(Rlimit.newBuilder().setType("RLIMIT_CPU").setSoft(1).setHard(1))
          .setUmask(077)
          .setOomScoreAdj(0)
          .setIoPriority(IoPriority.newBuilder().setClass_("IOPRIO_CLASS_IDLE"))
          .setScheduler(Scheduler.newBuilder().setPolicy("SCHED_IDLE"))
          .setCpuAffinity("0")
          .setNoNewPrivileges(true)
          .build();

  private static final ContainerSpec SPEC = Specs.least().setProcess(CONTAINER).build();

  private static Process command(String... args) {
    return Process.newBuilder().addAllArgs(List.of(args)).build();
  }

  @Test
  void takesFromTheContainerWhatIsAbsent() {
    Process complete = ExecPlan.complete(command("id"), SPEC, List.of());
    assertThat(complete).isEqualTo(CONTAINER.toBuilder().clearArgs().addArgs("id").build());
  }

  @Test
  void keepsWhatIsGivenAndNeverNewPrivileges() {
    Process given =
        command("id").toBuilder()
            .addEnv("C=3")
            .setCwd("/tmp")
            .setUser(User.newBuilder().setUid(8))
            .setUmask(0)
            .setOomScoreAdj(7)
            .setIoPriority(IoPriority.newBuilder().setClass_("IOPRIO_CLASS_BE"))
            .setScheduler(Scheduler.newBuilder().setPolicy("SCHED_BATCH"))
            .setCpuAffinity("1")
            .build();
    Process complete = ExecPlan.complete(given, SPEC, List.of("D=4"));
    assertThat(complete.getEnvList()).containsExactly("C=3", "D=4");
    assertThat(complete.getCwd()).isEqualTo("/tmp");
    assertThat(complete.getUser().getUid()).isEqualTo(8);
    assertThat(complete.getUmask()).isZero();
    assertThat(complete.getOomScoreAdj()).isEqualTo(7);
    assertThat(complete.getIoPriority().getClass_()).isEqualTo("IOPRIO_CLASS_BE");
    assertThat(complete.getScheduler().getPolicy()).isEqualTo("SCHED_BATCH");
    assertThat(complete.getCpuAffinity()).isEqualTo("1");
    assertThat(complete.getNoNewPrivileges()).isTrue();
  }

  @Test
  void letsAddedVariablesWin() {
    Process complete = ExecPlan.complete(command("/id"), SPEC, List.of("A=added"));
    Plan plan = ExecPlan.compile(complete, SPEC, FACTS);
    assertThat(plan.text().getLast())
        .isEqualTo("execve(\"/id\", [\"/id\"], [\"A=added\", \"B=2\", \"HOME=\"...])");
  }

  @Test
  void waitsForItsScoreBeforeItEntersTheContainer() {
    Process process = command("/id").toBuilder().setOomScoreAdj(0).build();
    List<String> lines = ExecPlan.compile(process, SPEC, FACTS).text();
    assertThat(lines.indexOf("barrier(\"score\")"))
        .isPositive()
        .isLessThan(lines.indexOf("setns(container, CLONE_NEWNS|CLONE_NEWCGROUP)"));
    assertThat(ExecPlan.compile(command("/id"), SPEC, FACTS).text())
        .doesNotContain("barrier(\"score\")");
  }

  @Test
  void isBornWithoutNamespacesAndEntersTheContainersLast() {
    Plan plan = ExecPlan.compile(command("/id"), SPEC, FACTS);
    assertThat(plan.cloneFlags()).isZero();
    assertThat(plan.donations().getFirst()).isEqualTo(new Donation.ContainerProcess());
    assertThat(plan.steps().stream().map(Step::text))
        .contains("setns(container, CLONE_NEWNS|CLONE_NEWCGROUP)");
  }

  @Test
  void takesTheNumbersOfPassedDescriptorsBeforeAnythingElseIsOpened() {
    ExecFacts given =
        new ExecFacts(
            FACTS.cgroup(),
            true,
            40,
            java.util.Optional.empty(),
            true,
            HostLimits.none(),
            new Passed(true, List.of(3, 5), true));
    List<String> text = ExecPlan.compile(command("/id"), SPEC, given).text();
    List<String> steps = text.stream().filter(line -> !line.contains("write(")).toList();
    assertThat(steps)
        .containsSubsequence("clone3(0)", "dup3(fd3, 3, 0)", "dup3(fd5, 5, 0)", "setsid()");
    int taken = steps.indexOf("dup3(fd3, 3, 0)");
    assertThat(steps.subList(0, taken)).noneMatch(line -> line.startsWith("openat2(AT_FDCWD"));
    assertThat(steps)
        .containsSubsequence(
            "close_range(4, 4, CLOSE_RANGE_CLOEXEC)", "close_range(6, ~0U, CLOSE_RANGE_CLOEXEC)");
    assertThat(steps.getLast()).startsWith("execveat(program, \"\", ").contains("AT_EMPTY_PATH");
  }

  @Test
  void changesNoGroupsWhereNobodyMay() {
    ExecFacts denied =
        new ExecFacts(
            FACTS.cgroup(),
            true,
            40,
            java.util.Optional.empty(),
            false,
            HostLimits.none(),
            Passed.NONE);
    assertThat(ExecPlan.compile(command("/id"), SPEC, FACTS).text())
        .anyMatch(line -> line.startsWith("setgroups("));
    assertThat(ExecPlan.compile(command("/id"), SPEC, denied).text())
        .noneMatch(line -> line.startsWith("setgroups("));
    Process.Builder grouped = command("/id").toBuilder();
    grouped.getUserBuilder().addAdditionalGids(5);
    assertThatThrownBy(() -> ExecPlan.compile(grouped.build(), SPEC, denied))
        .hasMessageContaining("process.user.additional_gids must be absent");
  }

  @Test
  void entersNoCgroupNamespaceWhereTheContainerHasNone() {
    ContainerSpec shared =
        SPEC.toBuilder()
            .clearNamespaces()
            .addAllNamespaces(Specs.namespaces(Namespace.Type.MOUNT))
            .build();
    Plan plan = ExecPlan.compile(command("/id"), shared, FACTS);
    assertThat(plan.steps().stream().map(Step::text)).contains("setns(container, CLONE_NEWNS)");
  }

  @Test
  void looksForTheProgramInTheDirectoriesOfPathThatAreAbsolute() {
    Process process = command("id").toBuilder().addEnv("PATH=:/a:.:/b/:/a").build();
    Plan plan = ExecPlan.compile(process, SPEC, FACTS);
    String words = ", [\"id\"], [\"PATH=:/a:.:/b/:/a\", \"HOME=\"...])";
    List<String> lines = plan.text();
    assertThat(lines.subList(lines.size() - 4, lines.size()))
        .containsExactly(
            "execve(\"/a/id\"" + words + " or ENOENT or ENOTDIR or EACCES",
            "execve(\"/b/id\"" + words + " or ENOENT or ENOTDIR or EACCES",
            "execve(\"/a/id\"" + words + " or ENOENT or ENOTDIR",
            "execve(\"/b/id\"" + words);
  }
}
