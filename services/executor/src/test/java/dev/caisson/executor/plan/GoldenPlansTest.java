package dev.caisson.executor.plan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Hooks;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.IoPriority;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Propagation;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import dev.caisson.proto.types.v1.Scheduler;
import dev.caisson.proto.types.v1.Seccomp;
import dev.caisson.proto.types.v1.TimeOffset;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.types.v1.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Plans as they are read: {@code src/test/resources/plans}. A change of a plan shows in the files;
 * they are written anew with {@code -Dplans.write=true}.
 */
class GoldenPlansTest {
  private static final Path FILES = Path.of("src/test/resources/plans");

  private static final CgroupFacts V2 = new CgroupFacts(List.of(), true);

  static Map<String, Plan> plans() {
    Map<String, Plan> plans = new TreeMap<>();
    sandboxes(plans);
    containers(plans);
    executed(plans);
    filtered(plans);
    hooks(plans);
    return plans;
  }

  private static void sandboxes(Map<String, Plan> plans) {
    plans.put(
        "sandbox",
        SandboxPlan.compile(new SandboxFacts(true, V2, "web", "", SharedNamespaces.own())));
    plans.put(
        "sandbox-hybrid",
        SandboxPlan.compile(
            new SandboxFacts(true, Specs.hybrid(), "web", "example", SharedNamespaces.own())));
    plans.put("sandbox-volumes", SandboxPlan.compile(sharing()));
    plans.put("sandbox-joining", SandboxPlan.compile(joining()));
    plans.put("joined-mounts", ContainerPlan.compile(joinedMounts().build(), Specs.further()));
    plans.put("sandbox-joining-users", SandboxPlan.compile(joiningUsers()));
    plans.put("in-users", SandboxPlan.inUsers("/run/ns/user"));
    plans.put(
        "sandbox-host-users",
        SandboxPlan.compile(new SandboxFacts(false, V2, "web", "", SharedNamespaces.own())));
  }

  private static void containers(Map<String, Plan> plans) {
    plans.put("least", root(Specs.least()));
    plans.put("hybrid", ContainerPlan.compile(hybrid(), Specs.facts(Specs.hybrid())));
    plans.put("hybrid-shared", ContainerPlan.compile(shared(), Specs.facts(Specs.hybrid())));
    plans.put("identity", root(Specs.least().setProcess(identity())));
    plans.put("binds", root(binds()));
    plans.put("volumes", root(volumes()));
    plans.put("id-maps", root(idMaps()));
    plans.put("follows-host", root(followsHost()));
    plans.put("copy-up", ContainerPlan.compile(copyUp(), factsOf("/run", 01777, 7, 8)));
    plans.put("overlay-memory", root(overlay(Overlay.Medium.MEMORY)));
    plans.put(
        "overlay-self",
        ContainerPlan.compile(overlay(Overlay.Medium.SELF).build(), factsOf("/", 0711, 1000, 0)));
    plans.put("overlay-directory", root(overlay(Overlay.Medium.DIR)));
    plans.put("overlay-readonly", root(readonlyOverlay()));
    plans.put("image", root(image()));
    plans.put("image-overlay", root(imageOverlay()));
    plans.put("host-dev", root(hostDev()));
    plans.put("masks", root(masks()));
    plans.put("readonly-root", root(readonlyRoot()));
    plans.put("sysctls", root(sysctls()));
    plans.put("runtime-hooks", root(runtimeHooks()));
    plans.put("container-hooks", root(containerHooks()));
    plans.put("path-lookup", root(Specs.least().setProcess(named("sh", "PATH=/usr/bin:x::/bin/"))));
    plans.put("terminal", root(Specs.least().setProcess(terminal())));
    plans.put("attributes", root(attributed()));
    plans.put("labels", root(labelled()));
    plans.put("devices", root(devices()));
    plans.put("realtime", root(realTime()));
    plans.put("home-given", root(Specs.least().setProcess(named("/bin/sh", "HOME="))));
    plans.put("time", root(inTime()));
    plans.put("sysfs-of-others", ContainerPlan.compile(Specs.least().build(), foreign()));
    plans.put("further", ContainerPlan.compile(further(), Specs.further()));
    plans.put(
        "working-directory", root(Specs.least().setProcess(inDirectory("//var/./lib//app/"))));
  }

  private static void executed(Map<String, Plan> plans) {
    Process given = Process.newBuilder().addArgs("id").build();
    ContainerSpec spec = Specs.least().setProcess(identity()).build();
    Process process = ExecPlan.complete(given, spec, List.of("ADDED=1"));
    plans.put(
        "exec-terminal",
        ExecPlan.compile(terminal(), spec, new ExecFacts(V2, true, 40, Optional.empty())));
    ContainerSpec attributed = attributed().build();
    plans.put(
        "exec-attributes",
        ExecPlan.compile(
            ExecPlan.complete(given, attributed, List.of()),
            attributed,
            new ExecFacts(V2, false, 40, Optional.empty())));
    ContainerSpec labelled = labelled().build();
    plans.put(
        "exec-labels",
        ExecPlan.compile(
            ExecPlan.complete(given, labelled, List.of()),
            labelled,
            new ExecFacts(V2, false, 40, Optional.empty())));
    plans.put(
        "exec", ExecPlan.compile(process, spec, new ExecFacts(V2, true, 40, Optional.empty())));
    plans.put(
        "exec-hybrid",
        ExecPlan.compile(
            process, spec, new ExecFacts(Specs.hybrid(), false, 40, Optional.empty())));
  }

  private static void filtered(Map<String, Plan> plans) {
    Seccomp plain = Specs.seccomp().addFlags("SECCOMP_FILTER_FLAG_LOG").build();
    Seccomp notifying =
        Specs.seccomp()
            .setListenerPath("/run/agent.sock")
            .addRules(
                Seccomp.SyscallRule.newBuilder().addNames("mkdir").setAction("SCMP_ACT_NOTIFY"))
            .build();
    Process confined = identity();
    Process privileged = identity().toBuilder().setNoNewPrivileges(false).build();
    plans.put("seccomp", filtered(confined, plain));
    plans.put("seccomp-new-privileges", filtered(privileged, plain));
    plans.put("seccomp-notify", filtered(confined, notifying));
    ContainerSpec spec = Specs.least().setProcess(confined).setSeccomp(notifying).build();
    plans.put(
        "exec-seccomp",
        ExecPlan.compile(
            confined, spec, new ExecFacts(V2, false, 40, Optional.of(Specs.filter(notifying)))));
  }

  private static Plan filtered(Process process, Seccomp seccomp) {
    return ContainerPlan.compile(
        Specs.least().setProcess(process).setSeccomp(seccomp).build(),
        Specs.facts(V2, Optional.of(Specs.filter(seccomp))));
  }

  /** Of a sandbox in a network: what the specification mounts itself stays. */
  private static ContainerFacts named() {
    ContainerFacts facts = Specs.facts();
    return new ContainerFacts(
        true,
        facts.cgroup(),
        true,
        java.util.Set.of("/srv/file"),
        facts.lastCapability(),
        Optional.empty(),
        java.util.Set.of(),
        HostLimits.none(),
        Map.of(),
        true,
        Passed.NONE,
        java.util.Set.of("hosts", "hostname", "resolv.conf"));
  }

  private static void hooks(Map<String, Plan> plans) {
    plans.put("names", ContainerPlan.compile(binds().build(), named()));
    Hook hook =
        Hook.newBuilder()
            .setPath("/usr/libexec/net")
            .addArgs("net")
            .addArgs("up")
            .addEnv("CNI=1")
            .build();
    plans.put("hook", HookPlan.compile(hook, new HookFacts(Optional.empty())));
    ContainerSpec spec = Specs.least().build();
    plans.put("hook-in-container", HookPlan.inContainer(hook, spec, V2));
    plans.put(
        "hook-as-container",
        HookPlan.asContainer(hook, spec, new ExecFacts(V2, true, 40, Optional.empty())));
    plans.put(
        "plugin",
        PluginPlan.compile(
            new PluginPlan.Call(
                "/usr/lib/cni/bridge",
                List.of("CNI_COMMAND=ADD", "CNI_NETNS=" + PluginPlan.NAMESPACE),
                "/run/netns/host",
                true),
            40));
    plans.put(
        "hook-in-network", HookPlan.compile(hook, new HookFacts(Optional.of("/proc/7/ns/net"))));
  }

  private static Plan root(ContainerSpec.Builder spec) {
    return ContainerPlan.compile(spec.build(), Specs.facts());
  }

  private static ContainerSpec.Builder attributed() {
    ContainerSpec.Builder spec = Specs.least();
    spec.getPersonalityBuilder().setDomain("LINUX32");
    spec.getMemoryPolicyBuilder()
        .setMode("MPOL_BIND")
        .setNodes("0,64")
        .addFlags("MPOL_F_STATIC_NODES");
    spec.getProcessBuilder()
        .setOomScoreAdj(500)
        .setIoPriority(IoPriority.newBuilder().setClass_("IOPRIO_CLASS_BE").setPriority(7))
        .setScheduler(
            Scheduler.newBuilder()
                .setPolicy("SCHED_BATCH")
                .setNice(5)
                .addFlags("SCHED_FLAG_RESET_ON_FORK"))
        .setCpuAffinity("0-3,7");
    return spec;
  }

  private static ContainerSpec.Builder labelled() {
    ContainerSpec.Builder spec =
        Specs.least().setMountLabel("system_u:object_r:container_file_t:s0:c1,c2");
    spec.getProcessBuilder()
        .setApparmorProfile("container-default")
        .setSelinuxLabel("system_u:system_r:container_t:s0:c1,c2")
        .setNoNewPrivileges(true);
    return spec;
  }

  private static ContainerSpec.Builder devices() {
    ContainerSpec.Builder spec = Specs.least();
    var _ = spec.addDevicesBuilder().setPath("/dev/null").setType("c").setMajor(1).setMinor(3);
    var _ = spec.addDevicesBuilder().setPath("/dev/fuse").setType("u").setMajor(10).setMinor(229);
    var _ = spec.addDevicesBuilder().setPath("/disks/a").setType("b").setMajor(7).setMinor(0);
    var _ =
        spec.addDevicesBuilder().setPath("/dev/initctl").setType("p").setFileMode(0600).setGid(5);
    return spec;
  }

  private static ContainerSpec.Builder realTime() {
    ContainerSpec.Builder spec = Specs.least();
    spec.getUserNamespaceBuilder().setMode(UserNamespace.Mode.HOST);
    spec.getProcessBuilder()
        .setIoPriority(IoPriority.newBuilder().setClass_("IOPRIO_CLASS_RT"))
        .setScheduler(
            Scheduler.newBuilder()
                .setPolicy("SCHED_DEADLINE")
                .setRuntime(1_000_000)
                .setDeadline(5_000_000)
                .setPeriod(10_000_000)
                .addFlags("SCHED_FLAG_RECLAIM"));
    return spec;
  }

  private static Process terminal() {
    return Process.newBuilder()
        .addArgs("/bin/sh")
        .setUser(User.newBuilder().setUid(1000))
        .setTerminal(true)
        .setConsoleSize(ConsoleSize.newBuilder().setHeight(24).setWidth(80))
        .build();
  }

  private static ContainerSpec hybrid() {
    return Specs.least()
        .addMounts(Specs.mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "ro"))
        .build();
  }

  /** In the cgroup namespace of its sandbox. */
  private static ContainerSpec shared() {
    List<Namespace> others =
        hybrid().getNamespacesList().stream()
            .filter(one -> one.getType() != Namespace.Type.CGROUP)
            .toList();
    return hybrid().toBuilder().clearNamespaces().addAllNamespaces(others).build();
  }

  private static Process identity() {
    return Process.newBuilder()
        .addArgs("/bin/app")
        .addEnv("A=1")
        .addEnv("A=2")
        .addEnv("HOME=/home/app")
        .setUser(User.newBuilder().setUid(1000).setGid(1001).addAdditionalGids(5))
        .setCapabilities(
            Specs.capabilities("CAP_NET_BIND_SERVICE").toBuilder()
                .addInheritable("CAP_NET_BIND_SERVICE")
                .addAmbient("CAP_NET_BIND_SERVICE"))
        .addRlimits(Rlimit.newBuilder().setType("RLIMIT_NOFILE").setSoft(1024).setHard(4096))
        .addRlimits(Rlimit.newBuilder().setType("RLIMIT_CORE").setSoft(0).setHard(-1))
        .setUmask(027)
        .setNoNewPrivileges(true)
        .build();
  }

  private static ContainerSpec.Builder binds() {
    return Specs.least()
        .addMounts(Specs.mount("/data", "bind", "/srv/data", "rbind", "ro", "rslave"))
        .addMounts(Specs.mount("/etc/hosts", "", "/srv/file", "bind"))
        .addMounts(Specs.mount("/dev/kvm", "bind", "/srv/file", "bind", "dev", "noatime"))
        .addMounts(Specs.mount("/data/cache", "tmpfs", "tmpfs", "size=1m", "nosuid", "sync"));
  }

  private static ContainerFacts factsOf(String directory, int mode, int uid, int gid) {
    return new ContainerFacts(
        true,
        V2,
        true,
        java.util.Set.of(),
        Specs.LAST_CAPABILITY,
        Optional.empty(),
        java.util.Set.of(),
        Map.of(directory, new DirectoryFacts(mode, uid, gid)));
  }

  private static ContainerSpec.Builder idMaps() {
    IdMapping map = IdMapping.newBuilder().setContainerId(5000).setHostId(1000).setSize(10).build();
    return Specs.least()
        .addMounts(Specs.mount("/a", "bind", "/srv/a", "rbind", "idmap"))
        .addMounts(
            Specs.mount("/b", "bind", "/srv/b", "rbind", "ridmap").toBuilder()
                .addUidMappings(map)
                .addGidMappings(map));
  }

  private static ContainerSpec.Builder followsHost() {
    return Specs.least()
        .setRootfsPropagation(Propagation.SLAVE)
        .addMounts(Specs.mount("/a", "bind", "/srv/a", "rbind"))
        .addMounts(Specs.mount("/b", "bind", "/srv/b", "rbind", "private"));
  }

  private static ContainerSpec copyUp() {
    return Specs.least()
        .addMounts(Specs.mount("/run", "tmpfs", "tmpfs", "tmpcopyup", "noexec", "ro", "size=1m"))
        .build();
  }

  private static ContainerSpec.Builder overlay(Overlay.Medium medium) {
    ContainerSpec.Builder spec = Specs.least().addMaskedPaths("/etc/secret");
    Overlay.Builder overlay = spec.getRootBuilder().getOverlayBuilder().setMedium(medium);
    switch (medium) {
      case MEMORY -> overlay.setSize(1 << 20);
      case DIR -> overlay.setDirectory("/srv//scratch/");
      case SELF, MEDIUM_UNSPECIFIED, UNRECOGNIZED -> {}
    }
    return spec;
  }

  private static ContainerSpec.Builder readonlyOverlay() {
    ContainerSpec.Builder spec = overlay(Overlay.Medium.SELF);
    spec.getRootBuilder().setReadonly(true);
    return spec;
  }

  private static ContainerSpec.Builder image() {
    ContainerSpec.Builder spec = Specs.least();
    spec.getRootBuilder().setPath("/srv/image.erofs").setType(RootFilesystem.Type.EROFS);
    return spec;
  }

  private static ContainerSpec.Builder imageOverlay() {
    ContainerSpec.Builder spec = image();
    spec.getRootBuilder().getOverlayBuilder().setMedium(Overlay.Medium.MEMORY);
    return spec;
  }

  private static ContainerSpec.Builder hostDev() {
    return Specs.least()
        .addMounts(Specs.mount("/dev", "bind", "/srv/dev", "rbind", "dev"))
        .addMaskedPaths("/proc/kcore");
  }

  private static ContainerSpec.Builder masks() {
    return Specs.least()
        .addMaskedPaths("/proc/kcore")
        .addMaskedPaths("/proc/kcore")
        .addMaskedPaths("/sys/firmware")
        .addReadonlyPaths("/proc/sys");
  }

  private static ContainerSpec.Builder readonlyRoot() {
    ContainerSpec.Builder spec = Specs.least().setProcess(inDirectory("/app"));
    spec.getRootBuilder().setReadonly(true);
    return spec;
  }

  private static SandboxFacts joining() {
    List<Namespace> listed =
        List.of(
            Namespace.newBuilder().setType(Namespace.Type.TIME).setPath("/run/ns/time").build(),
            Namespace.newBuilder().setType(Namespace.Type.NETWORK).setPath("/run/ns/net").build(),
            Namespace.newBuilder().setType(Namespace.Type.IPC).build());
    return new SandboxFacts(true, V2, "web", "", SharedNamespaces.of(listed));
  }

  private static ContainerSpec.Builder joinedMounts() {
    return Specs.least()
        .setNamespaces(
            2, Namespace.newBuilder().setType(Namespace.Type.MOUNT).setPath("/proc/7/ns/mnt"))
        .setProcess(inDirectory("/app"));
  }

  private static SandboxFacts joiningUsers() {
    List<Namespace> listed =
        List.of(
            Namespace.newBuilder().setType(Namespace.Type.USER).setPath("/run/ns/user").build(),
            Namespace.newBuilder().setType(Namespace.Type.CGROUP).setPath("/run/ns/cg").build(),
            Namespace.newBuilder().setType(Namespace.Type.NETWORK).build());
    return new SandboxFacts(
        true, Specs.hybrid().joinedLate(), "web", "", SharedNamespaces.of(listed));
  }

  private static ContainerFacts foreign() {
    ContainerFacts facts = Specs.facts();
    return new ContainerFacts(
        true,
        facts.cgroup(),
        true,
        facts.fileSources(),
        facts.lastCapability(),
        Optional.empty(),
        java.util.Set.of(dev.caisson.proto.types.v1.Namespace.Type.NETWORK));
  }

  private static ContainerSpec.Builder inTime() {
    return Specs.least()
        .addAllNamespaces(Specs.namespaces(Namespace.Type.TIME))
        .addTimeOffsets(TimeOffset.newBuilder().setClock("boottime").setSeconds(-60));
  }

  private static ContainerSpec.Builder sysctls() {
    return Specs.least()
        .putSysctl("net.ipv4.conf.eth0/100.forwarding", "1")
        .putSysctl("kernel.shmmax", "1024");
  }

  private static ContainerSpec.Builder runtimeHooks() {
    Hook hook = Hook.newBuilder().setPath("/usr/libexec/net").build();
    return Specs.least().setHooks(Hooks.newBuilder().addCreateRuntime(hook).addPoststop(hook));
  }

  private static ContainerSpec.Builder containerHooks() {
    Hook hook = Hook.newBuilder().setPath("/usr/libexec/net").build();
    return Specs.least()
        .setHooks(
            Hooks.newBuilder()
                .addCreateRuntime(hook)
                .addCreateContainer(hook)
                .addStartContainer(hook));
  }

  private static ContainerSpec further() {
    return Specs.least()
        .clearNamespaces()
        .addAllNamespaces(Specs.namespaces(Namespace.Type.MOUNT))
        .build();
  }

  private static Process named(String program, String... env) {
    return Process.newBuilder().addArgs(program).addAllEnv(List.of(env)).build();
  }

  private static SandboxFacts sharing() {
    Volume.Builder kept = Volume.newBuilder().setType(Volume.Type.TMPFS).setShare(Volume.Share.POD);
    return new SandboxFacts(
        true,
        V2,
        "web",
        "",
        SharedNamespaces.own(),
        true,
        List.of(
            kept.setName("shm").build(),
            kept.setName("data").addOptions("noexec").addOptions("size=1m").build()));
  }

  private static ContainerSpec.Builder volumes() {
    return Specs.least()
        .addMounts(Specs.mount("/data", "volume", "data", "noexec"))
        .addMounts(Specs.mount("/data/seen", "volume", "data", "ro", "noexec", "noatime"))
        .addMounts(Specs.mount("/dev/shm", "volume", "shm"))
        .addMounts(
            Specs.mount("/logs", "volume", "data", "noexec").toBuilder().setSubpath("logs/app"));
  }

  private static Process inDirectory(String directory) {
    return Process.newBuilder().addArgs("/bin/true").setCwd(directory).build();
  }

  static List<String> names() {
    return List.copyOf(plans().keySet());
  }

  @ParameterizedTest
  @MethodSource("names")
  void isAsItWasRead(String name) throws IOException {
    String text = String.join("\n", plans().get(name).text()) + "\n";
    Path file = FILES.resolve(name + ".txt");
    if (Boolean.getBoolean("plans.write")) {
      Files.createDirectories(FILES);
      Files.writeString(file, text, UTF_8);
    }
    assertThat(text).isEqualTo(Files.readString(file, UTF_8));
  }

  @ParameterizedTest
  @MethodSource("names")
  void isAProgramThatInitTakes(String name) {
    Plan plan = plans().get(name);
    for (Machine machine : Machine.values()) {
      ProgramReader program = ProgramReader.read(Program.encode(plan, machine));
      assertThat(program.steps()).hasSameSizeAs(plan.steps());
      assertThat(program.descriptors()).isEqualTo(plan.donations().size());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void isTheSameEachTime(String name) {
    assertThat(plans().get(name).sha256()).isEqualTo(plans().get(name).sha256()).hasSize(32);
    assertThat(Program.encode(plans().get(name), Machine.X86_64))
        .isEqualTo(Program.encode(plans().get(name), Machine.X86_64));
  }
}
