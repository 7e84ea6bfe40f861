package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.User;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What a container sees, and what it cannot do. */
class IsolationIT extends OnNode {
  private static String seen(String script) {
    return out(node.shell(script));
  }

  @Test
  void hasAUserNamespaceOfItsOwn() {
    assertThat(seen("cat /proc/self/uid_map")).matches("\\s*0\\s+[1-9]\\d{8,}\\s+65536\n");
    assertThat(seen("cat /proc/self/setgroups")).isEqualTo("allow\n");
  }

  @Test
  void noTwoSandboxesShareIds() {
    node.started("a", node.spec("sleep", "60"));
    node.started("b", node.spec("sleep", "60"));
    String a = node.exec("a", "cat", "/proc/self/uid_map").ended().out();
    String b = node.exec("b", "cat", "/proc/self/uid_map").ended().out();
    assertThat(a).isNotEqualTo(b);
  }

  @Test
  void hasThreeDescriptorsAndNoMore() {
    String list = "cd /proc/self/fd; for f in *; do [ -e $f ] && echo $f; done";
    assertThat(seen(list).lines()).containsExactly("0", "1", "2");
    var discarded = node.shell(list.replace("echo $f", "echo $f >> /shared/fds"));
    Path volume = node.share(discarded);
    node.started("c", discarded);
    node.await("c");
    assertThat(volume.resolve("fds")).hasContent("0\n1\n2\n");
  }

  @Test
  void execHasThreeDescriptorsAndNoMore() {
    node.started("c", node.spec("sleep", "60"));
    String list = "cd /proc/self/fd; for f in *; do [ -e $f ] && echo $f; done";
    assertThat(node.exec("c", "sh", "-c", list).ended().out().lines())
        .containsExactly("0", "1", "2");
  }

  @Test
  void hasItsOwnHostname() {
    ContainerSpec.Builder named = node.shell("hostname").setHostname("inside");
    assertThat(out(named)).isEqualTo("inside\n");
    assertThat(
            node.runAttached(node.request("by-id", node.shell("hostname")).build()).ended().out())
        .isEqualTo("by-id\n");
  }

  @Test
  void hasALoopbackAndNothingElse() {
    assertThat(seen("ls /sys/class/net")).isEqualTo("lo\n");
    assertThat(seen("ip -o addr show lo")).contains("127.0.0.1/8");
    assertThat(seen("ip -o link show lo")).contains("LOOPBACK,UP");
  }

  @Test
  void seesNoMountOfTheHost() {
    List<String> targets = seen("cut -d' ' -f5 /proc/self/mountinfo").lines().toList();
    assertThat(targets)
        .contains("/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/dev/null")
        .allMatch(target ->
            target.equals("/")
                || target.startsWith("/dev")
                || target.startsWith("/proc")
                || target.startsWith("/sys"));
  }

  @Test
  void isTheFirstProcessOfItsOwnNamespace() {
    assertThat(seen("echo $$; ls -d /proc/[0-9]* | wc -l").lines().toList().getFirst())
        .isEqualTo("1");
  }

  @Test
  void hasNoPrivilegeToGain() {
    String status = seen("grep -E 'NoNewPrivs|Cap' /proc/self/status");
    assertThat(status).contains("NoNewPrivs:\t1");
    assertThat(status)
        .contains("CapInh:\t0000000000000000")
        .contains("CapPrm:\t0000000000000000")
        .contains("CapEff:\t0000000000000000")
        .contains("CapBnd:\t0000000000000000")
        .contains("CapAmb:\t0000000000000000");
  }

  @Test
  void hasTheCapabilitiesThatItWasGiven() {
    ContainerSpec.Builder spec = node.shell("grep Cap /proc/self/status");
    spec.getProcessBuilder()
        .getCapabilitiesBuilder()
        .addBounding("CAP_CHOWN")
        .addPermitted("CAP_CHOWN")
        .addEffective("CAP_CHOWN");
    assertThat(out(spec))
        .contains("CapInh:\t0000000000000000")
        .contains("CapPrm:\t0000000000000001")
        .contains("CapEff:\t0000000000000001")
        .contains("CapBnd:\t0000000000000001");
  }

  @Test
  void runsAsTheUserThatWasAskedFor() {
    ContainerSpec.Builder spec = node.shell("id -u; id -g; id -G; echo written");
    spec.getProcessBuilder()
        .setUser(User.newBuilder().setUid(1000).setGid(1001).addAdditionalGids(1002));
    assertThat(out(spec)).isEqualTo("1000\n1001\n1001 1002\nwritten\n");
  }

  @Test
  void writesFilesAsTheIdsThatItSees() throws Exception {
    ContainerSpec.Builder spec = node.shell("echo x > /shared/file");
    Path volume = node.share(spec);
    node.run(spec);
    assertThat(Files.getAttribute(volume.resolve("file"), "unix:uid")).isEqualTo(0);
  }

  private static Rlimit openFiles(int soft, int hard) {
    return Rlimit.newBuilder().setType("RLIMIT_NOFILE").setSoft(soft).setHard(hard).build();
  }

  private void startInBox(String id, Rlimit limit) {
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getProcessBuilder().addRlimits(limit);
    node.createIn("box", id, spec);
    node.start(id);
  }

  /** Of the first process, and of one that is executed beside it. */
  private String limits(String id, Rlimit... own) {
    String soft = "awk '/open files/ { print $4 \" \" $5 }' /proc/1/limits /proc/self/limits";
    ExecProcess.Builder request = TestNode.execRequest(id, "sh", "-c", soft);
    request.getProcessBuilder().addAllRlimits(List.of(own));
    return node.exec(request).ended().out();
  }

  @Test
  void hasItsOwnRlimits() {
    node.createSandbox("box");
    startInBox("a", openFiles(77, 88));
    startInBox("b", openFiles(55, 66));
    assertThat(limits("a")).isEqualTo("77 88\n77 88\n");
    assertThat(limits("b")).isEqualTo("55 66\n55 66\n");
    assertThat(limits("a", openFiles(33, 44))).isEqualTo("77 88\n33 44\n");
    assertThat(limits("a")).isEqualTo("77 88\n77 88\n");
  }

  private String executedStatus(UnaryOperator<Process.Builder> as) {
    ExecProcess.Builder request =
        TestNode.execRequest(
            "c", "grep", "-E", "^(Uid|Gid|Groups|Cap|NoNewPrivs)", "/proc/self/status");
    request.setProcess(as.apply(request.getProcessBuilder()));
    return node.exec(request).ended().out();
  }

  /** Whatever its container's is. */
  @Test
  void anExecutedProcessIsWhoItWasAskedToBe() {
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getProcessBuilder()
        .getCapabilitiesBuilder()
        .addAllBounding(List.of("CAP_CHOWN", "CAP_KILL"))
        .addAllPermitted(List.of("CAP_CHOWN", "CAP_KILL"))
        .addAllEffective(List.of("CAP_CHOWN", "CAP_KILL"));
    node.started("c", spec);
    User user = User.newBuilder().setUid(1000).setGid(1001).addAdditionalGids(1002).build();
    assertThat(executedStatus(process -> process.setUser(user)))
        .contains("Uid:\t1000\t1000\t1000\t1000\n")
        .contains("Gid:\t1001\t1001\t1001\t1001\n")
        .containsPattern("Groups:\t1002 ?\n")
        .contains("NoNewPrivs:\t1\n");
    Capabilities kill =
        Capabilities.newBuilder()
            .addBounding("CAP_KILL")
            .addPermitted("CAP_KILL")
            .addEffective("CAP_KILL")
            .build();
    assertThat(executedStatus(process -> process.setCapabilities(kill)))
        .contains("Uid:\t0\t0\t0\t0\n")
        .containsPattern("Groups:\t *\n")
        .contains("CapInh:\t0000000000000000\n")
        .contains("CapPrm:\t0000000000000020\n")
        .contains("CapEff:\t0000000000000020\n")
        .contains("CapBnd:\t0000000000000020\n")
        .contains("CapAmb:\t0000000000000000\n")
        .contains("NoNewPrivs:\t1\n");
    assertThat(executedStatus(process -> process)).contains("CapEff:\t0000000000000021\n");
  }

  @Test
  void seesItsCgroupAsTheRoot() {
    assertThat(seen("cut -d: -f3 /proc/self/cgroup | sort -u")).isEqualTo("/\n");
  }

  @Test
  void seesTheSameCgroupAfterExec() {
    node.started("c", node.spec("sleep", "60"));
    assertThat(node.exec("c", "sh", "-c", "cut -d: -f3 /proc/self/cgroup | sort -u").ended().out())
        .isEqualTo("/\n");
  }

  @Test
  void cannotTouchTheHost() {
    assertThat(node.run(node.shell("mknod /tmp/sda b 8 0")).code()).isNotZero();
    assertThat(node.run(node.shell("echo 1 > /proc/sys/kernel/sysrq")).code()).isNotZero();
    assertThat(node.run(node.shell("echo c > /proc/sysrq-trigger")).code()).isNotZero();
    assertThat(node.run(node.shell("mount -t tmpfs none /tmp")).code()).isNotZero();
    assertThat(node.run(node.shell("hostname other")).code()).isNotZero();
    assertThat(node.run(node.shell("chmod 777 /dev/null")).code()).isNotZero();
    assertThat(node.run(node.shell("kill -9 $(cat /proc/sys/kernel/ns_last_pid)x")).code())
        .isNotZero();
  }

  @Test
  void mayNotWriteAReadonlyRoot() {
    ContainerSpec.Builder spec = node.shell("echo x > /tmp/file");
    spec.getRootBuilder().setReadonly(true);
    assertThat(node.run(spec).err()).contains("Read-only file system");
  }

  @Test
  void hidesWhatIsMasked() throws Exception {
    Files.writeString(node.rootfs().resolve("tmp/secret"), "secret");
    ContainerSpec.Builder spec =
        node.shell(
            "cat /tmp/secret; ls /proc/irq | wc -l; (echo x > /proc/sys/kernel/hostname) 2>/dev/null || echo no");
    spec.addMaskedPaths("/tmp/secret").addMaskedPaths("/proc/irq").addMaskedPaths("/none");
    spec.addReadonlyPaths("/proc/sys");
    assertThat(out(spec)).isEqualTo("0\nno\n");
    Files.delete(node.rootfs().resolve("tmp/secret"));
  }

  @Test
  void endsWhatUsesTooMuchMemory() {
    ContainerSpec.Builder spec = node.spec("tail", "-c", "64m", "/dev/zero");
    spec.setResources(memory(16 << 20));
    Ended ended = node.run(spec);

    assertThat(ended.signal()).isEqualTo(9);
    assertThat(ended.status().getOutOfMemory()).isTrue();
  }

  @Test
  void saysThatAChildUsedTooMuchMemory() {
    ContainerSpec.Builder spec = node.shell("tail -c 64m /dev/zero; exit 3");
    spec.setResources(memory(16 << 20));
    Ended ended = node.run(spec);

    assertThat(ended.code()).isEqualTo(3);
    assertThat(ended.status().getOutOfMemory()).isTrue();
  }

  private static Resources.Builder memory(long limit) {
    return Resources.newBuilder().setMemory(Resources.Memory.newBuilder().setLimit(limit));
  }

  @Test
  void cannotHaveMoreProcessesThanItsLimit() {
    ContainerSpec.Builder spec =
        node.shell("for i in 1 2 3 4 5 6; do sleep 60 & done; echo started");
    spec.setResources(Resources.newBuilder().setPids(Resources.Pids.newBuilder().setLimit(3)));
    Ended ended = node.run(spec);
    assertThat(ended.err()).contains("can't fork");
  }

  /** A tenth, of each period that has begun, and of what it ran before its limit was there. */
  @Test
  void getsNoMoreCpuThanItsQuota() {
    ContainerSpec.Builder spec = node.spec("sh", "-c", "while :; do :; done");
    spec.setResources(
        Resources.newBuilder()
            .setCpu(Resources.Cpu.newBuilder().setQuota(10_000).setPeriod(100_000)));
    long began = System.nanoTime();
    node.started("c", spec);
    TestNode.eventually("it has had its part of a second", () -> cpuNanos() > 80_000_000);
    TestNode.eventually(
        "it has run for two seconds", () -> System.nanoTime() - began > 2_000_000_000L);
    long cpu = cpuNanos();
    long most = (System.nanoTime() - began) / 10;
    assertThat(cpu).isLessThan(most + most / 10 + 2 * 10_000_000);
  }

  private static long cpuNanos() {
    return node.stub()
        .listProcesses(
            ListProcessesRequest.newBuilder()
                .setTenant(TestNode.TENANT)
                .setContainerId("c")
                .build())
        .getProcesses(0)
        .getCpuNanos();
  }

  @Test
  void theSandboxLimitHoldsItsContainers() {
    var request =
        node.request("c", node.spec("tail", "-c", "64m", "/dev/zero"))
            .setSandboxResources(memory(24 << 20))
            .build();
    assertThat(node.runAttached(request).ended().signal()).isEqualTo(9);
  }
}
