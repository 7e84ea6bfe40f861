package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Hooks;
import dev.caisson.proto.types.v1.Process;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlanTest {
  private static final Plan LEAST = ContainerPlan.compile(Specs.least().build(), Specs.facts());

  private static List<String> lines(Plan plan) {
    return plan.steps().stream().map(Step::text).toList();
  }

  private static int indexOf(Plan plan, String start) {
    List<String> lines = lines(plan);
    return IntStream.range(0, lines.size())
        .filter(i -> lines.get(i).startsWith(start))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no line starts with " + start));
  }

  @Test
  void hashesItsLinesEachWithItsNewline() throws NoSuchAlgorithmException {
    String text = String.join("\n", LEAST.text()) + "\n";
    byte[] expected =
        MessageDigest.getInstance("SHA-256")
            .digest(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    assertThat(LEAST.sha256()).isEqualTo(expected);
  }

  @Test
  void saysFirstWhatIsOpenedAndHowTheProcessIsBorn() {
    List<String> text = LEAST.text();
    int donated = LEAST.donations().size();
    assertThat(text).hasSize(donated + 1 + LEAST.steps().size());
    assertThat(text.get(0))
        .isEqualTo(
            "open_tree(\"/srv/rootfs\", AT_RECURSIVE|OPEN_TREE_CLONE) = rootfs (nodev, private)");
    assertThat(text.get(donated)).isEqualTo("clone3(CLONE_NEWNS|CLONE_NEWPID)");
    assertThat(LEAST.cloneFlags()).isEqualTo(0x2002_0000L);
  }

  @Test
  void describesStepsAsWhatCanFail() {
    assertThat(LEAST.describe(indexOf(LEAST, "fsopen(\"proc\""))).isEqualTo("mount proc on /proc");
    assertThat(LEAST.describe(LEAST.steps().size() - 1)).isEqualTo("execute /bin/true");
  }

  @Test
  void knowsTheFieldThatAStepIsThereFor() {
    var spec =
        Specs.least()
            .addMounts(Specs.mount("/m", "tmpfs", "t", "size=1k"))
            .addMounts(Specs.mount("/m", "tmpfs", "t", "size=2k"))
            .putSysctl("net.ipv4.ip_forward", "1")
            .addMaskedPaths("/secret")
            .addReadonlyPaths("/kept")
            .setHostname("web");
    spec.getProcessBuilder().setCwd("/work");
    Plan plan = ContainerPlan.compile(spec.build(), Specs.facts());
    assertThat(fieldsOf(plan, "set kernel parameter net.ipv4.ip_forward"))
        .containsOnly("sysctl.net.ipv4.ip_forward");
    assertThat(fieldsOf(plan, "set option size=1k of tmpfs on /m")).containsOnly("mounts[0]");
    assertThat(fieldsOf(plan, "set option size=2k of tmpfs on /m")).containsOnly("mounts[1]");
    assertThat(fieldsOf(plan, "mount proc on /proc")).containsOnly("root.path");
    assertThat(fieldsOf(plan, "make directory /work")).containsOnly("process.cwd");
    assertThat(fieldsOf(plan, "enter working directory /work")).containsOnly("process.cwd");
    assertThat(fieldsOf(plan, "open /secret")).containsOnly("masked_paths");
    assertThat(fieldsOf(plan, "open /kept")).containsOnly("readonly_paths");
    assertThat(fieldsOf(plan, "change the root")).containsOnly("");
    assertThat(fieldsOf(plan, "execute /bin/true")).containsOnly("");
    assertThat(fieldsOf(Placement.rest(plan), "mount proc on /proc")).containsOnly("root.path");
  }

  private static List<String> fieldsOf(Plan plan, String words) {
    List<String> fields =
        IntStream.range(0, plan.steps().size())
            .filter(i -> plan.describe(i).equals(words))
            .mapToObj(plan::field)
            .toList();
    assertThat(fields).as(words).isNotEmpty();
    return fields;
  }

  @Test
  void knowsItsBarriersAndWhatItExecutes() {
    int created = indexOf(LEAST, "report(\"created\")");
    assertThat(LEAST.barrier(created)).contains(ContainerPlan.CREATED);
    assertThat(LEAST.barrier(created + 1)).isEmpty();
    assertThat(LEAST.awaits(ContainerPlan.START)).hasValue(created + 2);
    assertThat(LEAST.awaits(ContainerPlan.CREATED)).isEmpty();
    assertThat(LEAST.executes(LEAST.steps().size() - 1)).isTrue();
    assertThat(LEAST.executes(0)).isFalse();
  }

  @Test
  void waitsForRuntimeHooksBeforeTheRootIsChangedAndOnlyIfThereAreSome() {
    assertThat(lines(LEAST)).doesNotContain("barrier(\"createRuntime\")");
    Hooks hooks = Hooks.newBuilder().addPrestart(Hook.newBuilder().setPath("/h")).build();
    Plan plan = ContainerPlan.compile(Specs.least().setHooks(hooks).build(), Specs.facts());
    assertThat(indexOf(plan, "barrier(\"createRuntime\")")).isLessThan(indexOf(plan, "pivot_root"));
  }

  @Test
  void joinsCgroupsBeforeItMakesItsCgroupNamespace() {
    Plan plan = ContainerPlan.compile(Specs.least().build(), Specs.facts(Specs.hybrid()));
    assertThat(lines(plan).subList(0, 4))
        .containsExactly(
            "write(cgroup.memory, \"0\", 1)",
            "write(cgroup.cpu,cpuacct, \"0\", 1)",
            "write(cgroup.name=systemd, \"0\", 1)",
            "unshare(CLONE_NEWCGROUP)");
  }

  @Test
  void waitsInASandboxForItsMapsBeforeAnythingElse() {
    Plan plan =
        SandboxPlan.compile(
            new SandboxFacts(true, Specs.hybrid(), "a", "", SharedNamespaces.own()));
    assertThat(plan.barrier(0)).contains(SandboxPlan.MAPS);
    assertThat(lines(plan)).noneMatch(line -> line.startsWith("execve"));
  }

  /** Whatever a sandbox's program has open stays open for the life of the sandbox. */
  @Test
  void leavesNothingOpenInASandbox() {
    Plan plan =
        SandboxPlan.compile(
            new SandboxFacts(true, Specs.hybrid(), "a", "b", SharedNamespaces.own()));
    Map<String, Integer> open = openAtTheEnd(plan);
    plan.donations().forEach(donation -> open.merge(donation.name(), 1, Integer::sum));
    assertThat(open.values()).containsOnly(0);
  }

  @Test
  void closesEachDescriptorThatAContainersProgramOpens() {
    assertThat(openAtTheEnd(LEAST).values()).containsOnly(0);
  }

  private static Map<String, Integer> openAtTheEnd(Plan plan) {
    Map<String, Integer> open = new HashMap<>();
    for (Step step : plan.steps()) {
      if (step.instruction() instanceof Instruction.Call call) {
        call.result().ifPresent(slot -> open.merge(slot.text(), 1, Integer::sum));
        if (call.syscall() == Syscall.CLOSE) {
          open.merge(call.arguments().getFirst().text(), -1, Integer::sum);
        }
      }
    }
    return open;
  }

  @Test
  void givesUpPrivilegesInTheOrderInWhichThatIsPossible() {
    Process process =
        Process.newBuilder().addArgs("/a").setNoNewPrivileges(true).setCwd("/w").build();
    Plan plan = ContainerPlan.compile(Specs.least().setProcess(process).build(), Specs.facts());
    List<String> order =
        List.of(
            "await(\"start\")",
            "dup3(stdin",
            "setsid",
            "umask",
            "chdir(\"/w\")",
            "setgroups",
            "prctl(PR_CAPBSET_DROP",
            "prctl(PR_SET_KEEPCAPS",
            "setresgid",
            "setresuid",
            "capset",
            "prctl(PR_CAP_AMBIENT",
            "prctl(PR_SET_NO_NEW_PRIVS",
            "close_range(3, ~0U, CLOSE_RANGE_CLOEXEC)",
            "getcwd",
            "execve");
    assertThat(order.stream().map(line -> indexOf(plan, line)).toList()).isSorted();
  }

  @Test
  void dropsCapabilitiesThatHaveNoNameYet() {
    ContainerFacts newer =
        new ContainerFacts(
            true,
            Specs.facts().cgroup(),
            false,
            java.util.Set.of(),
            42,
            java.util.Optional.empty(),
            java.util.Set.of());
    Plan plan = ContainerPlan.compile(Specs.least().build(), newer);
    assertThat(lines(plan)).contains("prctl(PR_CAPBSET_DROP, 42)");
    assertThat(lines(LEAST)).contains("prctl(PR_CAPBSET_DROP, CAP_CHECKPOINT_RESTORE)");
    assertThat(lines(LEAST)).doesNotContain("prctl(PR_CAPBSET_DROP, 41)");
  }

  /** Neither attempt alone may end the program, and the check after both must. */
  @Test
  void entersTheWorkingDirectoryAsRootOrAsTheUserFromOutside() {
    List<String> lines = lines(LEAST);
    assertThat(lines.stream().filter("chdir(\"/\") or EACCES or EPERM"::equals)).hasSize(2);
    int detach = lines.indexOf("umount2(\".\", MNT_DETACH)");
    assertThat(lines.subList(detach + 1, lines.size()))
        .noneMatch(line -> line.startsWith("fchdir") || line.equals("chdir(\"/\")"));
    assertThat(lines).contains("getcwd([4096 bytes], 4096) = \"/...\"");
  }

  @Test
  void keepsSecretsOutOfTheWordsOfAFailure() {
    Process process =
        Process.newBuilder().addArgs("app").addArgs("--token=t0p").addEnv("KEY=t0p").build();
    Plan plan = ContainerPlan.compile(Specs.least().setProcess(process).build(), Specs.facts());
    assertThat(plan.steps()).noneMatch(step -> step.describe().contains("t0p"));
  }

  @Test
  void writesOneLineForEachStepWhateverTheTextIsMadeOf() {
    Process process = Process.newBuilder().addArgs("/a").addArgs("x\ny\r\u0007\"\u2028é").build();
    Plan plan = ContainerPlan.compile(Specs.least().setProcess(process).build(), Specs.facts());
    assertThat(plan.text()).allMatch(line -> line.matches("[ -~]+"));
    assertThat(plan.text().getLast()).contains("\"x\\ny\\015\\007\\\"\\342\\200\\250\\303\\251\"");
  }
}
