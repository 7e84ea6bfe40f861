package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IoPriority;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.Scheduler;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How processes are scheduled, and who is killed first. */
class AttributesIT {
  /** Nice value and policy: proc_pid_stat(5). */
  private static final String SCHEDULING = "cut -d' ' -f19,41 /proc/self/stat";

  private static final int CAP_SYS_RESOURCE = 24;
  private static final String MACHINE =
      System.getProperty("os.arch").equals("amd64") ? "i686" : "armv8l";
  private static final String SCORE = "cat /proc/self/oom_score_adj";
  private static final String CPUS = "grep Cpus_allowed_list /proc/self/status";

  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch("user-namespace.host = true", "scheduling.realtime = true");
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private ContainerSpec.Builder attributed(String script) {
    ContainerSpec.Builder spec = node.shell(script);
    spec.getPersonalityBuilder().setDomain("LINUX32");
    spec.getProcessBuilder()
        .setOomScoreAdj(500)
        .setIoPriority(IoPriority.newBuilder().setClass_("IOPRIO_CLASS_BE").setPriority(7))
        .setScheduler(Scheduler.newBuilder().setPolicy("SCHED_BATCH").setNice(5))
        .setCpuAffinity("0");
    return spec;
  }

  private String exec(ExecProcess.Builder exec) {
    Ended ended = node.exec(exec).ended();
    assertThat(ended.err()).isEmpty();
    return ended.out();
  }

  private static ExecProcess.Builder script(String id, String script) {
    return TestNode.execRequest(id, "sh", "-c", script);
  }

  private static boolean mayLower() throws IOException {
    String line =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(one -> one.startsWith("CapEff:"))
            .findFirst()
            .orElseThrow();
    long effective = Long.parseLong(line.substring("CapEff:".length()).strip(), 16);
    return (effective >>> CAP_SYS_RESOURCE & 1) == 1;
  }

  @Test
  void realTimeIsRefusedWhereOthersHaveIt() throws Exception {
    Path runtime = Path.of("/sys/fs/cgroup/cpu" + node.cgroupParent(), "cpu.rt_runtime_us");
    assumeTrue(Files.exists(runtime), "Skipped: needs real-time groups of cgroup v1");
    Files.writeString(runtime, "100000");
    var first = TestNode.sandboxRequest("first");
    first.getResourcesBuilder().getCpuBuilder().setRealtimeRuntime(60_000);
    assertThat(node.stub().createSandbox(first.build()).getResources())
        .isEqualTo(first.getResources());

    Problem.of(() -> node.stub().createSandbox(first.clone().setSandboxId("second").build()))
        .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED)
        .says("leave to the others in", "6 % of the time");
    Problem.of(() -> node.sandbox("second")).is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
  }

  @Test
  void areThoseOfTheSpecification() {
    String script = SCHEDULING + "; ionice -p $$; uname -m; " + SCORE;
    Ended ended = node.run(attributed(script));
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out()).isEqualTo("5 3\nbest-effort: prio 7\n" + MACHINE + "\n500\n");
  }

  /** Source: numa(7), "Files". */
  @Test
  void memoryIsWhereThePolicySays() {
    String policy = "sed -n 's/^[0-9a-f]* //;s/ .*//p;q' /proc/self/numa_maps";
    assertThat(node.run(node.shell(policy)).out()).isEqualTo("default\n");
    ContainerSpec.Builder spec = node.shell("sleep 60");
    spec.getMemoryPolicyBuilder()
        .setMode("MPOL_BIND")
        .setNodes("0")
        .addFlags("MPOL_F_STATIC_NODES");
    node.started("c", spec);
    assertThat(exec(script("c", policy))).isEqualTo("bind=static:0\n");

    spec.getProcessBuilder().clearArgs().addAllArgs(List.of("sh", "-c", policy));
    assertThat(node.run(spec).out()).isEqualTo("bind=static:0\n");
    spec.getMemoryPolicyBuilder().clear().setMode("MPOL_INTERLEAVE").setNodes("0");
    assertThat(node.run(spec).out()).isEqualTo("interleave:0\n");
  }

  @Test
  void nodesThatTheHostHasNotAreRefusedByName() {
    ContainerSpec.Builder spec = node.shell("true");
    spec.getMemoryPolicyBuilder().setMode("MPOL_BIND").setNodes("1023");
    assertThatThrownBy(() -> node.run(spec))
        .hasMessageContaining("set memory policy MPOL_BIND of nodes 1023: EINVAL (22)");
  }

  @Test
  void areTheContainersInAnExecThatHasNone() {
    node.started("c", attributed("sleep 60"));
    String script = SCHEDULING + "; ionice -p $$; uname -m; " + SCORE;
    assertThat(exec(script("c", script)))
        .isEqualTo("5 3\nbest-effort: prio 7\n" + MACHINE + "\n500\n");
  }

  @Test
  void areItsOwnInAnExecThatHasThem() {
    node.started("c", attributed("sleep 60"));
    ExecProcess.Builder exec = script("c", SCHEDULING + "; ionice -p $$; " + SCORE);
    exec.getProcessBuilder()
        .setOomScoreAdj(700)
        .setIoPriority(IoPriority.newBuilder().setClass_("IOPRIO_CLASS_IDLE"))
        .setScheduler(Scheduler.newBuilder().setPolicy("SCHED_IDLE"));
    assertThat(exec(exec)).isEqualTo("0 5\nidle\n700\n");
  }

  @Test
  void bindExecsAloneToTheirCpus() {
    assumeTrue(
        Runtime.getRuntime().availableProcessors() > 1, "Skipped: needs more than one processor");
    node.started("c", attributed("sleep 60"));
    String every = node.run(node.shell(CPUS)).out();
    assertThat(node.run(attributed(CPUS)).out()).isEqualTo(every);
    assertThat(exec(script("c", CPUS))).isEqualTo("Cpus_allowed_list:\t0\n").isNotEqualTo(every);
    ExecProcess.Builder exec = script("c", CPUS);
    exec.getProcessBuilder().setCpuAffinity("1,8000");
    assertThat(exec(exec)).isEqualTo("Cpus_allowed_list:\t1\n");
    exec.getProcessBuilder().setCpuAffinity("8000");
    Problem.of(node.exec(exec).failure()).says("Failed to run on CPUs 8000: EINVAL (22)");
  }

  @Test
  void comeBeforeAllOthersWhereTheHostAllowsIt() {
    ContainerSpec.Builder spec = node.shell(SCHEDULING + "; ionice -p $$");
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST);
    spec.getProcessBuilder()
        .setIoPriority(IoPriority.newBuilder().setClass_("IOPRIO_CLASS_RT").setPriority(4))
        .setScheduler(Scheduler.newBuilder().setPolicy("SCHED_BATCH").setNice(-7));
    assertThat(node.run(spec).out()).isEqualTo("-7 3\nrealtime: prio 4\n");
  }

  @Test
  void neverComeBeforeAllOthersInAUserNamespace() {
    node.started("c", node.spec("sleep", "60"));
    ExecProcess.Builder exec = script("c", "true");
    exec.getProcessBuilder().getSchedulerBuilder().setPolicy("SCHED_OTHER").setNice(-1);
    Problem.of(node.exec(exec).failure())
        .is(Status.Code.UNIMPLEMENTED, Reason.UNSUPPORTED_FIELD)
        .says(
            "process.scheduler.nice asks for what the kernel gives to nobody in a user namespace");
  }

  @Test
  void refuseAScoreThatTheExecutorMayNotGiveInTheSameWordsForBoth() throws IOException {
    assumeTrue(!mayLower(), "Skipped: this executor has CAP_SYS_RESOURCE");
    ContainerSpec.Builder spec = node.shell("true");
    spec.getProcessBuilder().setOomScoreAdj(-1000);
    node.started("c", node.spec("sleep", "60"));
    ExecProcess.Builder exec = script("c", "true");
    exec.getProcessBuilder().setOomScoreAdj(-1000);
    String words =
        "Failed to set the OOM score: EACCES (13). This host does not allow what"
            + " process.oom_score_adj asks for";
    Problem.of(node.runAttached(node.request("r", spec).build()).failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED)
        .says(words);
    Problem.of(node.exec(exec).failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED)
        .says(words);
    assertThat(exec(script("c", SCORE))).isEqualTo("0\n");
  }

  @Test
  void keepFromBeingKilledWhereTheExecutorMayGiveThat() throws IOException {
    assumeTrue(mayLower(), "Skipped: this executor has no CAP_SYS_RESOURCE");
    ContainerSpec.Builder spec = node.shell(SCORE);
    spec.getProcessBuilder().setOomScoreAdj(-1000);
    assertThat(node.run(spec).out()).isEqualTo("-1000\n");
    node.started("c", node.spec("sleep", "60"));
    ExecProcess.Builder exec = script("c", SCORE);
    exec.getProcessBuilder().setOomScoreAdj(-500);
    assertThat(exec(exec)).isEqualTo("-500\n");
    assertThat(exec(script("c", SCORE))).isEqualTo("0\n");
  }

  /** Also in a user namespace, whose root the kernel would not let: the executor does. */
  @Test
  void raiseHardLimitsWhereTheHostAllowsIt() throws IOException {
    assumeTrue(mayLower(), "Skipped: this executor has no CAP_SYS_RESOURCE");
    ContainerSpec.Builder spec = node.shell("grep msgqueue /proc/self/limits");
    spec.getProcessBuilder()
        .addRlimits(Rlimit.newBuilder().setType("RLIMIT_MSGQUEUE").setSoft(1).setHard(10_000_000));
    assertThat(node.run(spec).out()).matches("Max msgqueue size +1 +10000000 +bytes *\n");
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST);
    assertThat(node.run(spec).out()).matches("Max msgqueue size +1 +10000000 +bytes *\n");
  }

  @Test
  void preemptOthersWhereTheHostAllowsIt() throws IOException {
    assumeTrue(
        !Files.exists(Path.of("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")),
        "Skipped: this host divides real-time bandwidth by cgroup");
    ContainerSpec.Builder spec = node.shell("cut -d' ' -f19,40,41 /proc/self/stat");
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST);
    spec.getProcessBuilder()
        .setScheduler(Scheduler.newBuilder().setPolicy("SCHED_FIFO").setPriority(10));
    assertThat(node.run(spec).out()).isEqualTo("0 10 1\n");
  }

  @Test
  void areRefusedByNameWhereNothingWouldEnforceALabel() {
    assumeTrue(
        !Files.exists(Path.of("/sys/module/apparmor")) && !Files.exists(Path.of("/sys/fs/selinux")),
        "Skipped: this kernel has AppArmor or SELinux");
    node.started("c", node.spec("sleep", "60"));
    ContainerSpec.Builder spec = node.spec("true");
    spec.getProcessBuilder().setApparmorProfile("container-default");
    refused(spec).says("process.apparmor_profile needs AppArmor, which this host's kernel");
    spec.getProcessBuilder().clearApparmorProfile().setSelinuxLabel("a_u:b_r:c_t:s0");
    refused(spec).says("process.selinux_label needs SELinux");
    refused(node.spec("true").setMountLabel("x")).says("mount_label needs SELinux");
    ExecProcess.Builder exec = script("c", "true");
    exec.getProcessBuilder().setApparmorProfile("other");
    Problem.of(node.exec(exec).failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED);
  }

  private Problem refused(ContainerSpec.Builder spec) {
    return Problem.of(() -> node.create("refused", spec))
        .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED);
  }
}
