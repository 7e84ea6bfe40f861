package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Hooks;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Propagation;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import dev.caisson.proto.types.v1.Scheduler;
import dev.caisson.proto.types.v1.TimeOffset;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What there is no plan for, and which field a caller is told to change. */
class RefusalsTest {
  static List<Arguments> specs() {
    return List.of(
        invalid("process", spec -> spec.clearProcess()),
        invalid("root.path", spec -> spec.clearRoot()),
        invalid("root.path", spec -> spec.setRoot(RootFilesystem.getDefaultInstance())),
        invalid("root.path", root("rootfs")),
        invalid("root.path", root("/srv/../etc")),
        invalid("process.args", process(p -> p.clearArgs())),
        invalid("process.args", process(p -> p.setArgs(0, ""))),
        invalid("process.args", process(p -> p.addArgs("a\0b"))),
        invalid("process.env[0]", process(p -> p.addEnv("NOVALUE"))),
        invalid("process.env[1]", process(p -> p.addEnv("A=b").addEnv("=x"))),
        invalid("process.env[0]", process(p -> p.addEnv("A=\0"))),
        invalid("process.env", process(p -> p.setArgs(0, "sh").addEnv("PATH=."))),
        invalid("process.env", process(p -> p.setArgs(0, "sh").addEnv("PATH="))),
        invalid("process.env", process(p -> p.setArgs(0, "sh").addEnv("PATH=" + manyPaths()))),
        invalid("process.cwd", process(p -> p.setCwd("tmp"))),
        invalid("process.cwd", process(p -> p.setCwd("/a/../b"))),
        invalid("process.cwd", process(p -> p.setCwd("/" + "a".repeat(256)))),
        invalid("process.cwd", process(p -> p.setCwd("/a".repeat(2048)))),
        invalid("process.user", process(p -> p.setUser(User.newBuilder().setUid(-1)))),
        invalid("process.user", process(p -> p.setUser(User.newBuilder().setGid(-1)))),
        invalid("process.user", process(p -> p.setUser(User.newBuilder().addAdditionalGids(-1)))),
        invalid("process.umask", process(p -> p.setUmask(01000))),
        invalid("process.umask", process(p -> p.setUmask(-1))),
        invalid("process.rlimits", process(p -> p.addRlimits(limit("NOFILE", 1, 1)))),
        invalid("process.rlimits", process(p -> p.addRlimits(limit("RLIMIT_CPU", -1, 1)))),
        invalid(
            "process.rlimits",
            process(p ->
                p.addRlimits(limit("RLIMIT_CPU", 1, 1)).addRlimits(limit("RLIMIT_CPU", 2, 2)))),
        invalid(
            "process.capabilities.bounding",
            process(p -> p.setCapabilities(Capabilities.newBuilder().addBounding("CAP_NONE")))),
        invalid(
            "process.capabilities.effective",
            process(p -> p.setCapabilities(Capabilities.newBuilder().addEffective("CAP_KILL")))),
        invalid(
            "process.capabilities.ambient",
            process(p ->
                p.setCapabilities(
                    Capabilities.newBuilder().addAmbient("CAP_KILL").addPermitted("CAP_KILL")))),
        invalid(
            "process.capabilities.inheritable",
            process(p -> p.setCapabilities(Capabilities.newBuilder().addInheritable("CAP_KILL")))),
        invalid("process.io_priority.class", io("IOPRIO_CLASS_NONE", 0)),
        invalid("process.io_priority.priority", io("IOPRIO_CLASS_BE", 8)),
        invalid("process.io_priority.priority", io("IOPRIO_CLASS_BE", -1)),
        invalid("process.scheduler.policy", scheduler("SCHED_ISO", s -> {})),
        invalid("process.scheduler.policy", scheduler("", s -> {})),
        invalid("process.scheduler.nice", scheduler("SCHED_OTHER", s -> s.setNice(20))),
        invalid("process.scheduler.nice", scheduler("SCHED_BATCH", s -> s.setNice(-21))),
        invalid("process.scheduler.nice", scheduler("SCHED_IDLE", s -> s.setNice(1))),
        invalid("process.scheduler.priority", scheduler("SCHED_OTHER", s -> s.setPriority(1))),
        invalid("process.scheduler.priority", scheduler("SCHED_FIFO", s -> s.setPriority(0))),
        invalid("process.scheduler.priority", scheduler("SCHED_RR", s -> s.setPriority(100))),
        invalid("process.scheduler.runtime", scheduler("SCHED_OTHER", s -> s.setPeriod(1))),
        invalid("process.scheduler.runtime", deadline(1023, 2000, 2000)),
        invalid("process.scheduler.runtime", deadline(-1, 2000, 2000)),
        invalid("process.scheduler.deadline", deadline(1024, 1023, 2000)),
        invalid("process.scheduler.period", deadline(1024, 1024, 1023)),
        invalid("process.scheduler.flags", flag("SCHED_OTHER", "SCHED_FLAG_RECLAIM")),
        invalid("process.scheduler.flags", flag("SCHED_OTHER", "SCHED_FLAG_KEEP_POLICY")),
        invalid("process.scheduler.flags", flag("SCHED_OTHER", "SCHED_FLAG_UTIL_CLAMP_MIN")),
        invalid("process.cpu_affinity", process(p -> p.setCpuAffinity("all"))),
        invalid("process.apparmor_profile", process(p -> p.setApparmorProfile("a\nb"))),
        invalid("process.apparmor_profile", process(p -> p.setApparmorProfile("a b"))),
        invalid("process.selinux_label", process(p -> p.setSelinuxLabel("a".repeat(1025)))),
        invalid("mount_label", spec -> spec.setMountLabel("a".repeat(256))),
        invalid("mount_label", spec -> spec.setMountLabel("a\0")),
        invalid("devices[0].path", device("dev/fuse", "c", 10, 229)),
        invalid("devices[0].path", device("/", "c", 10, 229)),
        invalid("devices[0].type", device("/dev/fuse", "x", 10, 229)),
        invalid("devices[0].major", device("/dev/fuse", "c", 4096, 229)),
        invalid("devices[0].minor", device("/dev/fuse", "b", 10, -1)),
        invalid("devices[0]", device("/dev/null", "c", 1, 5)),
        invalid(
            "devices[1].path", device("/dev/p", "p", 0, 0).andThen(device("/dev/p", "p", 0, 0))),
        invalid("resources.devices[0].type", rule("p", "r")),
        invalid("resources.devices[0].access", rule("c", "x")),
        unsupported(
            "resources.devices[2]",
            rule("c", "r").andThen(rule("b", "r")).andThen(spec -> deny(spec, 5))),
        invalid("personality.domain", spec -> spec.getPersonalityBuilder().setDomain("BSD")),
        invalid(
            "personality.flags",
            spec -> spec.getPersonalityBuilder().setDomain("LINUX").addFlags("ADDR")),
        invalid("memory_policy.mode", policy("MPOL_MAX", "")),
        invalid("memory_policy.mode", policy("", "0")),
        invalid("memory_policy.nodes", policy("MPOL_DEFAULT", "0")),
        invalid("memory_policy.nodes", policy("MPOL_LOCAL", "0")),
        invalid("memory_policy.nodes", policy("MPOL_BIND", "")),
        invalid("memory_policy.nodes", policy("MPOL_INTERLEAVE", "1024")),
        invalid("memory_policy.nodes", policy("MPOL_PREFERRED", "3-1")),
        invalid("memory_policy.flags", policy("MPOL_BIND", "0", "MPOL_F_ALL")),
        invalid("memory_policy.flags", policy("MPOL_INTERLEAVE", "0", "MPOL_F_NUMA_BALANCING")),
        invalid("memory_policy.flags", policy("MPOL_PREFERRED", "", "MPOL_F_STATIC_NODES")),
        invalid(
            "memory_policy.flags",
            policy("MPOL_BIND", "0", "MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES")),
        unsupported("process.scheduler.nice", scheduler("SCHED_OTHER", s -> s.setNice(-1))),
        unsupported("process.scheduler.policy", scheduler("SCHED_RR", s -> s.setPriority(1))),
        unsupported("process.io_priority.class", io("IOPRIO_CLASS_RT", 0)),
        invalid("process.console_size.height", console(0, 80)),
        invalid("process.console_size.height", console(65_536, 80)),
        invalid("process.console_size.width", console(24, 0)),
        invalid("process.console_size.width", console(24, -1)),
        invalid(
            "hooks.create_container",
            spec -> {
              spec.setHooks(Hooks.newBuilder().addCreateContainer(hook()));
              spec.getRootBuilder().setType(RootFilesystem.Type.EROFS);
            }),
        invalid("hostname", spec -> spec.setHostname("a".repeat(65))),
        invalid("hostname", spec -> spec.setHostname("a b")),
        invalid("domainname", spec -> spec.setDomainname("a\nb")),
        invalid("sysctl", spec -> spec.putSysctl("kernel.core_pattern", "|/x")),
        invalid("sysctl", spec -> spec.putSysctl("kernel/core_pattern", "|/x")),
        invalid("sysctl", spec -> spec.putSysctl("kernel.hostname", "a")),
        invalid("sysctl", spec -> spec.setDomainname("a").putSysctl("kernel.domainname", "b")),
        invalid(
            "sysctl",
            spec ->
                spec.putSysctl("net.ipv4.ip_forward", "1").putSysctl("net/ipv4/ip_forward", "1")),
        invalid("sysctl", spec -> spec.putSysctl("net.a.b", "1").putSysctl("net/a/b", "1")),
        invalid("sysctl", spec -> spec.putSysctl("net./../../kernel/core_pattern", "x")),
        invalid("sysctl", spec -> spec.putSysctl("net.ipv4.ip_forward", "1\n2")),
        invalid("sysctl", spec -> spec.putSysctl("net.ipv4.ip_forward", "")),
        invalid("sysctl", spec -> spec.putSysctl("net.a", "1".repeat(1025))),
        invalid("masked_paths", spec -> spec.addMaskedPaths("proc/kcore")),
        invalid("readonly_paths", spec -> spec.addReadonlyPaths("/proc/../x")),
        invalid(
            "namespaces[0].type", spec -> spec.setNamespaces(0, Namespace.getDefaultInstance())),
        invalid("namespaces[6].type", namespace(Namespace.Type.PID, "")),
        invalid("user_namespace.mode", namespace(Namespace.Type.USER, "/proc/1/ns/user")),
        invalid(
            "user_namespace.mode",
            spec -> spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.JOINED)),
        invalid(
            "user_namespace.mode",
            namespace(Namespace.Type.USER, "")
                .andThen(
                    spec -> spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.JOINED))),
        unsupported("namespaces[2].path", spec -> spec.getNamespacesBuilder(2).setPath("/run/m")),
        invalid("namespaces[6].path", namespace(Namespace.Type.TIME, "run/time")),
        invalid("namespaces[6].path", namespace(Namespace.Type.TIME, "/run/../time")),
        unsupported("namespaces", only(Namespace.Type.NETWORK, Namespace.Type.IPC)),
        invalid("hostname", only(Namespace.Type.MOUNT).andThen(spec -> spec.setHostname("web"))),
        invalid(
            "hostname", only(Namespace.Type.MOUNT).andThen(spec -> spec.setDomainname("example"))),
        invalid(
            "sysctl",
            only(Namespace.Type.MOUNT, Namespace.Type.IPC)
                .andThen(spec -> spec.putSysctl("net.ipv4.ip_forward", "1"))),
        invalid(
            "sysctl",
            only(Namespace.Type.MOUNT, Namespace.Type.NETWORK)
                .andThen(spec -> spec.putSysctl("kernel.shmmax", "1"))),
        invalid("time_offsets", spec -> spec.addTimeOffsets(offset("monotonic", 1, 0))),
        invalid("time_offsets", inTime(offset("realtime", 1, 0))),
        invalid("time_offsets", inTime(offset("monotonic", 1, 0), offset("monotonic", 1, 0))),
        invalid("time_offsets", inTime(offset("boottime", 1, 1_000_000_000))),
        invalid("time_offsets", inTime(offset("boottime", 1, -1))),
        invalid("time_offsets", inTime(offset("boottime", Long.MAX_VALUE, 0))),
        invalid("time_offsets", inTime(offset("boottime", Long.MIN_VALUE, 0))),
        invalid("mounts[0].destination", mount("data", "tmpfs", "")),
        invalid("mounts[0].destination", mount("/", "tmpfs", "")),
        invalid("mounts[0].destination", mount("/a/..", "tmpfs", "")),
        invalid("mounts[0].destination", mount("/a\0", "tmpfs", "")),
        unsupported("mounts[0].type", mount("/a", "ext4", "/dev/sda")),
        unsupported("mounts[0].type", mount("/a", "overlay", "o", "lowerdir=/a")),
        invalid("mounts[0].type", mount("/a", "tmpfs", "/b", "bind")),
        invalid("mounts[0].source", mount("/a", "bind", "b")),
        invalid("mounts[0].source", mount("/a", "bind", "")),
        invalid("mounts[0].options", mount("/a", "bind", "/b", "rshared")),
        invalid("mounts[0].options", mount("/a", "bind", "/b", "size=1m")),
        invalid("mounts[0].options", mount("/a", "tmpfs", "t", "")),
        invalid("mounts[0].options", mount("/a", "tmpfs", "t", "=1")),
        invalid("mounts[0].options", mount("/a", "tmpfs", "t", "rslave")),
        invalid("mounts[0].options", mount("/a", "cgroup", "c", "release_agent=/x")),
        unsupported("mounts[0].options", mount("/a", "bind", "/b", "remount")),
        unsupported("mounts[0].options", mount("/a", "tmpfs", "t", "mand")),
        unsupported("mounts[0].options", mount("/a", "tmpfs", "t", "iversion")),
        unsupported("mounts[0].options", mount("/a", "bind", "/b", "runbindable")),
        unsupported("mounts[0].options", mount("/a", "bind", "/b", "copy-symlink")),
        unsupported("mounts[0].options", mount("/a", "tmpfs", "t", "rmand")),
        unsupported("mounts[0].options", mount("/a", "bind", "/b", "idmap=uids=0-1-2")),
        invalid("mounts[0].options", mount("/a", "bind", "/b", "sync")),
        invalid("mounts[0].options", mount("/a", "tmpfs", "t", "idmap")),
        invalid("mounts[0].options", mount("/a", "bind", "/b", "tmpcopyup")),
        invalid("mounts[0].options", mount("/a", "proc", "p", "tmpcopyup")),
        invalid("mounts[0].options", mount("/a", "cgroup", "c", "tmpcopyup")),
        invalid("mounts[0].options", mount("/a", "tmpfs", "t", "tmpcopyup", "mode=9")),
        invalid("mounts[0].options", mount("/a", "tmpfs", "t", "tmpcopyup", "uid=")),
        invalid("mounts[0].gid_mappings", mapped(map(0, 0, 1))),
        invalid("mounts[0].uid_mappings", mapped(map(0, 0, 0))),
        invalid("mounts[0].uid_mappings", mapped(map(-2, 0, 5))),
        invalid("mounts[0].uid_mappings", mapped(map(0, 0, 5), map(4, 9, 1))),
        invalid("mounts[0].uid_mappings", mapped(map(0, 5, 5), map(9, 0, 6))),
        invalid("root.type", spec -> spec.getRootBuilder().setTypeValue(9)),
        invalid("root.overlay.medium", overlay(Overlay.newBuilder())),
        invalid("root.overlay.medium", overlay(Overlay.newBuilder().setMediumValue(9))),
        invalid(
            "root.overlay.directory", overlay(Overlay.newBuilder().setMedium(Overlay.Medium.DIR))),
        invalid(
            "root.overlay.directory",
            overlay(Overlay.newBuilder().setMedium(Overlay.Medium.SELF).setDirectory("/a"))),
        invalid(
            "root.overlay.size",
            overlay(Overlay.newBuilder().setMedium(Overlay.Medium.SELF).setSize(1))),
        invalid("rootfs_propagation", spec -> spec.setRootfsPropagationValue(9)));
  }

  private static Arguments invalid(String field, Consumer<ContainerSpec.Builder> change) {
    return Arguments.of(Reason.INVALID_SPEC, field, change);
  }

  private static Arguments unsupported(String field, Consumer<ContainerSpec.Builder> change) {
    return Arguments.of(Reason.UNSUPPORTED_FIELD, field, change);
  }

  private static Consumer<ContainerSpec.Builder> process(Consumer<Process.Builder> change) {
    return spec -> change.accept(spec.getProcessBuilder());
  }

  private static Consumer<ContainerSpec.Builder> device(
      String path, String type, int major, int minor) {
    return spec ->
        spec.addDevicesBuilder().setPath(path).setType(type).setMajor(major).setMinor(minor);
  }

  private static Consumer<ContainerSpec.Builder> rule(String type, String access) {
    return spec ->
        spec.getResourcesBuilder()
            .addDevicesBuilder()
            .setAllow(true)
            .setType(type)
            .setAccess(access);
  }

  private static void deny(ContainerSpec.Builder spec, int major) {
    var _ = spec.getResourcesBuilder().addDevicesBuilder().setType("c").setMajor(major);
  }

  private static Consumer<ContainerSpec.Builder> io(String ioClass, int priority) {
    return process(p -> p.getIoPriorityBuilder().setClass_(ioClass).setPriority(priority));
  }

  private static Consumer<ContainerSpec.Builder> policy(
      String mode, String nodes, String... flags) {
    return spec ->
        spec.getMemoryPolicyBuilder().setMode(mode).setNodes(nodes).addAllFlags(List.of(flags));
  }

  private static Consumer<ContainerSpec.Builder> scheduler(
      String policy, Consumer<Scheduler.Builder> change) {
    return process(p -> change.accept(p.getSchedulerBuilder().setPolicy(policy)));
  }

  private static Consumer<ContainerSpec.Builder> deadline(
      long runtime, long deadline, long period) {
    return scheduler(
        "SCHED_DEADLINE", s -> s.setRuntime(runtime).setDeadline(deadline).setPeriod(period));
  }

  private static Consumer<ContainerSpec.Builder> flag(String policy, String flag) {
    return scheduler(policy, s -> s.addFlags(flag));
  }

  private static Consumer<ContainerSpec.Builder> console(int height, int width) {
    ConsoleSize size = ConsoleSize.newBuilder().setHeight(height).setWidth(width).build();
    return process(p -> p.setTerminal(true).setConsoleSize(size));
  }

  private static TimeOffset offset(String clock, long seconds, int nanoseconds) {
    return TimeOffset.newBuilder()
        .setClock(clock)
        .setSeconds(seconds)
        .setNanoseconds(nanoseconds)
        .build();
  }

  private static Consumer<ContainerSpec.Builder> inTime(TimeOffset... offsets) {
    return namespace(Namespace.Type.TIME, "")
        .andThen(spec -> spec.addAllTimeOffsets(List.of(offsets)));
  }

  private static Consumer<ContainerSpec.Builder> root(String path) {
    return spec -> spec.getRootBuilder().setPath(path);
  }

  private static Consumer<ContainerSpec.Builder> mount(
      String destination, String type, String source, String... options) {
    return spec -> spec.addMounts(Specs.mount(destination, type, source, options));
  }

  private static IdMapping map(int disk, int container, int size) {
    return IdMapping.newBuilder().setContainerId(disk).setHostId(container).setSize(size).build();
  }

  private static Consumer<ContainerSpec.Builder> mapped(IdMapping... uids) {
    return spec -> {
      var mount = Specs.mount("/a", "bind", "/b").toBuilder().addAllUidMappings(List.of(uids));
      spec.addMounts(
          uids.length == 1 && uids[0].getSize() == 1 ? mount : mount.addGidMappings(map(0, 0, 1)));
    };
  }

  private static Consumer<ContainerSpec.Builder> overlay(Overlay.Builder overlay) {
    return spec -> spec.getRootBuilder().setOverlay(overlay);
  }

  private static Consumer<ContainerSpec.Builder> namespace(Namespace.Type type, String path) {
    return spec -> spec.addNamespaces(Namespace.newBuilder().setType(type).setPath(path));
  }

  private static Consumer<ContainerSpec.Builder> only(Namespace.Type... types) {
    return spec -> spec.clearNamespaces().addAllNamespaces(Specs.namespaces(types));
  }

  private static Rlimit limit(String type, long soft, long hard) {
    return Rlimit.newBuilder().setType(type).setSoft(soft).setHard(hard).build();
  }

  private static Hook hook() {
    return Hook.newBuilder().setPath("/h").build();
  }

  private static String manyPaths() {
    return String.join(":", IntStream.range(0, 65).mapToObj(i -> "/p" + i).toList());
  }

  private static Refusal refusal(ContainerSpec spec, ContainerFacts facts) {
    return assertRefused(() -> ContainerPlan.compile(spec, facts));
  }

  private static Refusal assertRefused(Runnable compile) {
    RefusedException[] caught = new RefusedException[1];
    assertThatThrownBy(compile::run)
        .asInstanceOf(throwable(RefusedException.class))
        .satisfies(e -> caught[0] = e);
    return caught[0].refusal();
  }

  @ParameterizedTest
  @MethodSource("specs")
  void namesTheReasonAndTheField(
      Reason reason, String field, Consumer<ContainerSpec.Builder> change) {
    ContainerSpec.Builder spec = Specs.least();
    change.accept(spec);
    Refusal refusal = refusal(spec.build(), Specs.facts());
    assertThat(refusal.reason()).isEqualTo(reason);
    assertThat(refusal.metadata()).isEqualTo(Map.of("field", field));
    assertThat(refusal.message()).matches("[^\\p{Cc}]{10,400}");
  }

  @Test
  void letsOnlyTheFirstContainerNameTheSandbox() {
    ContainerSpec.Builder spec = Specs.least();
    assertThat(refusal(spec.setHostname("h").build(), Specs.further()).metadata())
        .containsEntry("field", "hostname");
    spec.clearHostname().setDomainname("d");
    assertThat(refusal(spec.build(), Specs.further()).metadata())
        .containsEntry("field", "domainname");
    spec.clearDomainname().putSysctl("net.ipv4.ip_forward", "1");
    assertThat(refusal(spec.build(), Specs.further()).metadata()).containsEntry("field", "sysctl");
  }

  @Test
  void refusesMoreDonationsThanAMessageCarries() {
    ContainerSpec.Builder spec = Specs.least();
    IntStream.range(0, 250)
        .forEach(i -> spec.addMounts(Specs.mount("/m" + i, "bind", "/srv/" + i, "bind")));
    Refusal refusal = refusal(spec.build(), Specs.facts());
    assertThat(refusal.reason()).isEqualTo(Reason.LIMIT_REACHED);
    assertThat(refusal.metadata()).containsEntry("limit", "donated descriptors");
  }

  @Test
  void refusesMoreStepsThanAProgramHas() {
    ContainerSpec.Builder spec = Specs.least();
    IntStream.range(0, 500).forEach(i -> spec.addMaskedPaths("/m" + i));
    assertThat(refusal(spec.build(), Specs.facts()).metadata())
        .containsEntry("limit", "program steps");
  }

  @Test
  void refusesToChangeMountsThatAreAnothers() {
    Map<String, Consumer<ContainerSpec.Builder>> changes =
        Map.of(
            "mounts", mount("/data", "tmpfs", ""),
            "masked_paths", spec -> spec.addMaskedPaths("/proc/kcore"),
            "readonly_paths", spec -> spec.addReadonlyPaths("/proc/sys"),
            "devices", device("/dev/fuse", "c", 10, 229),
            "mount_label", spec -> spec.setMountLabel("a"),
            "rootfs_propagation", spec -> spec.setRootfsPropagation(Propagation.SLAVE),
            "root.overlay",
                spec -> spec.getRootBuilder().getOverlayBuilder().setMedium(Overlay.Medium.SELF));
    ContainerSpec.Builder joining = Specs.least();
    joining.getNamespacesBuilder(2).setPath("/proc/7/ns/mnt");
    assertThat(ContainerPlan.compile(joining.build(), Specs.further()).namespaces())
        .doesNotContain(Flag.CLONE_NEWNS);
    changes.forEach((field, change) -> {
      ContainerSpec.Builder changed = joining.clone();
      change.accept(changed);
      assertThat(refusal(changed.build(), Specs.further()).metadata())
          .containsEntry("field", field);
    });
  }

  @Test
  void refusesMoreBytesThanAProgramHas() {
    ContainerSpec.Builder spec = Specs.least();
    spec.getProcessBuilder().addArgs("a".repeat(1 << 20));
    assertThat(refusal(spec.build(), Specs.facts()).metadata())
        .containsEntry("limit", "program bytes");
  }

  @Test
  void doesNotRepeatTheValueOfAVariable() {
    ContainerSpec.Builder spec = Specs.least();
    for (String entry : List.of("TOKEN=s3cret\0", "s3cret", "=s3cret")) {
      spec.getProcessBuilder().clearEnv().addEnv("A=b").addEnv(entry);
      assertThat(refusal(spec.build(), Specs.facts()).message())
          .startsWith("process.env[1] must ")
          .doesNotContain("s3cret");
    }
  }

  @Test
  void refusesATerminalThatNobodyCanComeTo() {
    ContainerSpec spec = Specs.least().setProcess(terminal()).build();
    ContainerFacts discarded = Specs.further();
    assertThat(
            assertRefused(() ->
                    ContainerPlan.compile(
                        spec,
                        new ContainerFacts(
                            true,
                            discarded.cgroup(),
                            false,
                            Set.of(),
                            Specs.LAST_CAPABILITY,
                            Optional.empty(),
                            Set.of())))
                .metadata())
        .containsEntry("field", "process.terminal");
    ExecFacts detached =
        new ExecFacts(discarded.cgroup(), false, Specs.LAST_CAPABILITY, Optional.empty());
    assertThat(assertRefused(() -> ExecPlan.compile(terminal(), spec, detached)).metadata())
        .containsEntry("field", "process.terminal");
  }

  private static Process terminal() {
    return Process.newBuilder().addArgs("/bin/sh").setTerminal(true).build();
  }

  @Test
  void refusesAddedVariablesByTheirOwnPlace() {
    List<String> added = List.of("A=b", "s3cret");
    Refusal refusal =
        assertRefused(() -> ExecPlan.complete(terminal(), Specs.least().build(), added));
    assertThat(refusal.message()).startsWith("add_env[1] must ").doesNotContain("s3cret");
  }

  @Test
  void refusesASandboxWithoutAName() {
    SandboxFacts facts =
        new SandboxFacts(true, Specs.facts().cgroup(), "", "", SharedNamespaces.own());
    assertThat(assertRefused(() -> SandboxPlan.compile(facts)).metadata())
        .containsEntry("field", "hostname");
  }

  @Test
  void refusesHooksThatCannotBeExecutedAsTheyAre() {
    HookFacts facts = new HookFacts(java.util.Optional.empty());
    Hook relative = Hook.newBuilder().setPath("h").build();
    Hook nul = Hook.newBuilder().setPath("/h").addEnv("A=\0").build();
    assertThat(assertRefused(() -> HookPlan.compile(relative, facts)).metadata())
        .containsEntry("field", "hooks.path");
    assertThat(assertRefused(() -> HookPlan.compile(nul, facts)).metadata())
        .containsEntry("field", "hooks");
  }
}
