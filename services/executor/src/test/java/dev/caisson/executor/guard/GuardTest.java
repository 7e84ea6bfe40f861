package dev.caisson.executor.guard;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.executor.cgroup.CgroupDriver;
import dev.caisson.executor.guard.Verdict.Allowed;
import dev.caisson.executor.guard.Verdict.Refused;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.executor.v1.AttachContainer;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.PortForwardRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.executor.v1.WaitRequest;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Device;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Hooks;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Network;
import dev.caisson.proto.types.v1.PortMapping;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import dev.caisson.proto.types.v1.Seccomp;
import dev.caisson.proto.types.v1.Seccomp.SyscallRule;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.types.v1.Volume;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuardTest {
  private static final String STRICT =
      """
      rootfs.roots = /srv/rootfs
      mounts.roots = /srv/data
      bundles.roots = /srv/bundles
      user-namespace.mapped-ids = 200000-265535
      seccomp.listeners = /run/agents
      hook = /usr/libexec/net
      cgroup.paths = true
      """;

  private static final String LENIENT =
      STRICT
          + """
          namespaces.host = true
          user-namespace.host = true
          devices = true
          new-privileges = true
          seccomp.unconfined = true
          """;

  private static final String IN_SANDBOX =
      "/caisson/box/sandbox-01890a5d-ac96-774b-bcce-b302099a8057";

  private static final Guard GUARD = new Guard(GuardPolicy.parse(STRICT));

  private static ContainerSpec.Builder spec() {
    return ContainerSpec.newBuilder()
        .setProcess(Process.newBuilder().addArgs("/bin/true").setNoNewPrivileges(true))
        .setRoot(RootFilesystem.newBuilder().setPath("/srv/rootfs/a"))
        .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.AUTO))
        .setSeccomp(seccomp())
        .addAllNamespaces(
            List.of(
                    Namespace.Type.PID,
                    Namespace.Type.NETWORK,
                    Namespace.Type.MOUNT,
                    Namespace.Type.IPC,
                    Namespace.Type.UTS,
                    Namespace.Type.CGROUP)
                .stream()
                .map(type -> Namespace.newBuilder().setType(type).build())
                .toList());
  }

  /** Lets nothing pass but what is named. */
  private static Seccomp.Builder seccomp(String... more) {
    return Seccomp.newBuilder()
        .setDefaultAction("SCMP_ACT_ERRNO")
        .addRules(
            SyscallRule.newBuilder()
                .addNames("execve")
                .addNames("sendmsg")
                .addAllNames(List.of(more))
                .setAction("SCMP_ACT_ALLOW"));
  }

  private static SyscallRule onlyOnce(String action, String name) {
    return SyscallRule.newBuilder()
        .setAction(action)
        .addNames(name)
        .addConditions(Seccomp.Condition.newBuilder().setOp("SCMP_CMP_EQ"))
        .build();
  }

  private static Seccomp.Builder notifying(String path) {
    return seccomp().addRules(onlyOnce("SCMP_ACT_NOTIFY", "mkdir")).setListenerPath(path);
  }

  private static CreateContainerRequest.Builder request(ContainerSpec.Builder spec) {
    return CreateContainerRequest.newBuilder()
        .setTenant("t")
        .setContainerId("c")
        .setStdio(StdioMode.DISCARD)
        .setSpec(spec);
  }

  private static Verdict check(Consumer<ContainerSpec.Builder> change) {
    ContainerSpec.Builder spec = spec();
    change.accept(spec);
    return GUARD.check(request(spec).build());
  }

  private static Refusal refusal(Verdict verdict) {
    assertThat(verdict).isInstanceOf(Refused.class);
    return ((Refused) verdict).refusal();
  }

  private static Consumer<ContainerSpec.Builder> overlay(Overlay.Medium medium, String directory) {
    return spec ->
        spec.getRootBuilder()
            .setOverlay(Overlay.newBuilder().setMedium(medium).setDirectory(directory));
  }

  private static Mount mapped(String source, int first) {
    IdMapping owners = map(first, 0, 2);
    return bind(source).toBuilder().addUidMappings(map(0, 0, 1)).addGidMappings(owners).build();
  }

  @Test
  void allowsWhatIsWrittenBesideARootFilesystemAndOwnersThatAreLent() {
    assertThat(check(overlay(Overlay.Medium.SELF, ""))).isEqualTo(new Verdict.Allowed());
    assertThat(check(overlay(Overlay.Medium.DIR, "/srv/rootfs/scratch")))
        .isEqualTo(new Verdict.Allowed());
    assertThat(check(spec -> spec.addMounts(mapped("/srv/data", 65_534))))
        .isEqualTo(new Verdict.Allowed());
    assertThat(check(spec -> spec.addMounts(mapped("/srv/data", 200_000))))
        .isEqualTo(new Verdict.Allowed());
  }

  static List<Arguments> rules() {
    return List.of(
        rule("rootfs.roots", spec -> spec.getRootBuilder().setPath("/srv/rootfsx")),
        rule("rootfs.roots", spec -> spec.getRootBuilder().setPath("/")),
        rule("rootfs.images", spec -> spec.getRootBuilder().setType(RootFilesystem.Type.EROFS)),
        rule("rootfs.roots", overlay(Overlay.Medium.DIR, "/tmp")),
        rule(
            "rootfs.roots",
            spec -> {
              spec.getRootBuilder().setPath("/srv/rootfs");
              overlay(Overlay.Medium.SELF, "").accept(spec);
            }),
        rule("user-namespace.mapped-ids", spec -> spec.addMounts(mapped("/srv/data", 65_535))),
        rule("user-namespace.mapped-ids", spec -> spec.addMounts(mapped("/srv/data", 265_535))),
        rule("mounts.roots", spec -> spec.addMounts(bind("/etc"))),
        rule("mounts.roots", spec -> spec.addMounts(bind("/srv"))),
        rule("devices", spec -> spec.addMounts(bind("/srv/data", "dev"))),
        rule("bundles.roots", spec -> spec.setBundle("/tmp/b")),
        rule("hook", spec -> spec.setHooks(Hooks.newBuilder().addPoststop(hook("/bin/sh")))),
        rule(
            "hook",
            spec -> spec.setHooks(Hooks.newBuilder().addPoststart(hook("/usr/libexec/./net")))),
        rule(
            "limits.hook-timeout-seconds",
            spec ->
                spec.setHooks(
                    Hooks.newBuilder()
                        .addPrestart(hook("/usr/libexec/net").toBuilder().setTimeoutSeconds(31)))),
        rule(
            "capabilities",
            spec ->
                spec.getProcessBuilder()
                    .setCapabilities(Capabilities.newBuilder().addAmbient("CAP_SYS_ADMIN"))),
        rule("namespaces.host", spec -> spec.removeNamespaces(1)),
        rule("namespaces.host", spec -> spec.removeNamespaces(2)),
        rule("namespaces.host", spec -> spec.removeNamespaces(5)),
        rule("namespaces.roots", spec -> spec.getNamespacesBuilder(1).setPath("/run/netns/x")),
        rule("cgroup.parent", spec -> spec.setCgroupParent("/")),
        rule("cgroup.parent", spec -> spec.setCgroupParent("/caissonx")),
        rule("cgroup.parent", spec -> spec.setCgroupsPath("/kubepods/pod7/c")),
        rule("user-namespace.host", spec -> spec.setUserNamespace(users(UserNamespace.Mode.HOST))),
        rule("user-namespace.mapped-ids", spec -> spec.setUserNamespace(mapped(map(0, 0, 1)))),
        rule(
            "user-namespace.mapped-ids", spec -> spec.setUserNamespace(mapped(map(0, 265_535, 2)))),
        rule("seccomp.unconfined", spec -> spec.clearSeccomp()),
        rule("seccomp.denied", spec -> spec.setSeccomp(seccomp("kexec_load"))),
        rule(
            "seccomp.denied",
            spec -> spec.setSeccomp(seccomp().addRules(onlyOnce("SCMP_ACT_LOG", "init_module")))),
        rule(
            "seccomp.denied",
            spec -> spec.setSeccomp(seccomp().addRules(onlyOnce("SCMP_ACT_TRACE", "bpf")))),
        rule(
            "seccomp.denied",
            spec -> spec.setSeccomp(seccomp().setDefaultAction("SCMP_ACT_ALLOW"))),
        rule("seccomp.listeners", spec -> spec.setSeccomp(notifying("/run/agentsx/a.sock"))),
        rule("seccomp.listeners", spec -> spec.setSeccomp(notifying("/run/a.sock"))),
        rule(
            "devices.allowed",
            spec ->
                spec.addDevicesBuilder()
                    .setPath("/dev/fuse")
                    .setType("c")
                    .setMajor(10)
                    .setMinor(229)),
        rule(
            "devices.allowed",
            spec -> spec.getResourcesBuilder().addDevicesBuilder().setAllow(true).setAccess("r")),
        rule(
            "scheduling.realtime",
            spec -> spec.getProcessBuilder().getSchedulerBuilder().setPolicy("SCHED_FIFO")),
        rule(
            "scheduling.realtime",
            spec -> spec.getProcessBuilder().getSchedulerBuilder().setNice(-1)),
        rule(
            "scheduling.realtime",
            spec -> spec.getProcessBuilder().getIoPriorityBuilder().setClass_("IOPRIO_CLASS_RT")),
        rule(
            "limits.rlimits",
            spec -> spec.getProcessBuilder().addRlimits(rlimit("RLIMIT_NOFILE", 1_048_577))),
        rule(
            "limits.rlimits",
            spec -> spec.getProcessBuilder().addRlimits(rlimit("RLIMIT_NOFILE", -1))),
        rule("scheduling.realtime", spec -> limit(spec, "RLIMIT_RTPRIO", 1)),
        rule("scheduling.realtime", spec -> limit(spec, "RLIMIT_NICE", 21)),
        rule("scheduling.realtime", spec -> limit(spec, "RLIMIT_NICE", -1)),
        rule("new-privileges", spec -> spec.getProcessBuilder().setNoNewPrivileges(false)));
  }

  @ParameterizedTest
  @CsvSource({"0, limits.pids", "11, limits.pids", "-1, limits.pids", "10, ''"})
  void eachContainerHasALimitWhereTheHostWantsOne(long pids, String rule) {
    Guard guard =
        new Guard(GuardPolicy.parse(STRICT + "limits.pids = 10\nlimits.memory-bytes = 4194304\n"));
    ContainerSpec.Builder spec = spec();
    spec.getResourcesBuilder().getMemoryBuilder().setLimit(4 << 20);
    if (pids != 0) {
      spec.getResourcesBuilder().getPidsBuilder().setLimit(pids);
    }
    Verdict verdict = guard.check(request(spec).build());
    if (rule.isEmpty()) {
      assertThat(verdict).isEqualTo(new Allowed());
      spec.getResourcesBuilder().getMemoryBuilder().setLimit((4 << 20) + 1);
      assertThat(refusal(guard.check(request(spec).build())).metadata().get("rule"))
          .isEqualTo("limits.memory-bytes");
      spec.getResourcesBuilder().clearMemory();
      assertThat(refusal(guard.check(request(spec).build())).metadata().get("rule"))
          .isEqualTo("limits.memory-bytes");
    } else {
      assertThat(refusal(verdict).metadata().get("rule")).isEqualTo(rule);
    }
  }

  private static Rlimit rlimit(String type, long hard) {
    return Rlimit.newBuilder().setType(type).setHard(hard).build();
  }

  private static void limit(ContainerSpec.Builder spec, String type, long hard) {
    spec.getProcessBuilder().addRlimits(Rlimit.newBuilder().setType(type).setHard(hard));
  }

  @Test
  void acceptsLimitsUnderWhichNothingComesBeforeOthers() {
    Verdict verdict =
        check(spec -> {
          limit(spec, "RLIMIT_RTPRIO", 0);
          limit(spec, "RLIMIT_NICE", 20);
          limit(spec, "RLIMIT_NOFILE", 1024);
        });
    assertThat(verdict).isEqualTo(new Allowed());
  }

  private static Arguments rule(String rule, Consumer<ContainerSpec.Builder> change) {
    return Arguments.of(rule, change);
  }

  @Test
  void saysThatItDoesNotKnowACapabilityOrAKindOfDevice() {
    ContainerSpec.Builder spec = spec();
    spec.getProcessBuilder().getCapabilitiesBuilder().addPermitted("CAP_FOO");
    Verdict verdict = GUARD.check(request(spec).build());
    assertThat(field(verdict)).isEqualTo("process.capabilities.permitted");
    assertThat(((Refused) verdict).refusal().message())
        .isEqualTo(
            "process.capabilities.permitted must name capabilities that are known, as in CAP_CHOWN:"
                + " CAP_FOO");
    ContainerSpec.Builder odd = spec();
    odd.addDevices(Device.newBuilder().setPath("/dev/z").setType("z"));
    verdict = GUARD.check(request(odd).build());
    assertThat(field(verdict)).isEqualTo("devices[0].type");
    assertThat(((Refused) verdict).refusal().message()).endsWith(": z");
  }

  @Test
  void allowsLimitsUpToTheirCeilings() {
    ContainerSpec.Builder spec = spec();
    spec.getProcessBuilder()
        .addRlimits(rlimit("RLIMIT_NOFILE", 1_048_576))
        .addRlimits(rlimit("RLIMIT_NICE", 20))
        .addRlimits(rlimit("RLIMIT_CORE", -1));
    assertThat(GUARD.check(request(spec).build())).isEqualTo(new Allowed());
  }

  @Test
  void boundsWhatTheGatewaySaysOfIgnoredFields() {
    IgnoredField sound = IgnoredField.newBuilder().setField("x").setWhy("is new").build();
    List<IgnoredField> many = Collections.nCopies(33, sound);
    assertThat(GUARD.check(request(spec()).addAllIgnored(many).build())).isEqualTo(new Allowed());
    CreateContainerRequest.Builder more = request(spec()).addAllIgnored(many).addIgnored(sound);
    assertThat(field(GUARD.check(more.build()))).isEqualTo("ignored");
    for (IgnoredField bad :
        List.of(
            sound.toBuilder().setField("\u001b[2J").build(),
            sound.toBuilder().setWhy("y".repeat(513)).build(),
            sound.toBuilder().setValue("z".repeat(1025)).build())) {
      assertThat(field(GUARD.check(request(spec()).addIgnored(bad).build()))).isEqualTo("ignored");
    }
  }

  private static String field(Verdict verdict) {
    return ((Refused) verdict).refusal().metadata().get("field");
  }

  static List<Arguments> bounds() {
    return List.of(
        bound("process", spec -> spec.clearProcess()),
        bound("process.args", spec -> spec.getProcessBuilder().clearArgs()),
        bound("process.args", spec -> spec.getProcessBuilder().addAllArgs(copies("a", 1024))),
        bound(
            "process.args and process.env",
            spec -> spec.getProcessBuilder().addEnv("A=" + "a".repeat(128 * 1024 - 10))),
        bound(
            "process.user.additional_gids",
            spec ->
                spec.getProcessBuilder()
                    .setUser(User.newBuilder().addAllAdditionalGids(Collections.nCopies(1025, 1)))),
        bound(
            "process.rlimits",
            spec ->
                spec.getProcessBuilder()
                    .addAllRlimits(Collections.nCopies(17, Rlimit.getDefaultInstance()))),
        bound("process.oom_score_adj", spec -> spec.getProcessBuilder().setOomScoreAdj(1001)),
        bound("process.oom_score_adj", spec -> spec.getProcessBuilder().setOomScoreAdj(-1001)),
        bound(
            "process.console_size.width",
            spec ->
                spec.getProcessBuilder()
                    .setTerminal(true)
                    .setConsoleSize(ConsoleSize.newBuilder().setHeight(1).setWidth(65_536))),
        bound(
            "process.console_size.height",
            spec ->
                spec.getProcessBuilder()
                    .setTerminal(true)
                    .setConsoleSize(ConsoleSize.newBuilder().setWidth(1))),
        bound("hostname", spec -> spec.setHostname("a".repeat(65))),
        bound("oci_version", spec -> spec.setOciVersion("1".repeat(65))),
        bound(
            "namespaces",
            spec -> spec.addNamespaces(type()).addNamespaces(type()).addNamespaces(type())),
        bound("sysctl", spec -> IntStream.range(0, 129).forEach(i -> spec.putSysctl("a" + i, "1"))),
        bound("masked_paths", spec -> spec.addAllMaskedPaths(copies("/a", 129))),
        bound("readonly_paths", spec -> spec.addAllReadonlyPaths(copies("/a", 129))),
        bound("readonly_paths", spec -> spec.addReadonlyPaths("/" + "a".repeat(4095))),
        bound("mounts", spec -> spec.addAllMounts(Collections.nCopies(129, bind("/srv/data")))),
        bound(
            "mounts[0].options",
            spec -> spec.addMounts(bind("/srv/data").toBuilder().addAllOptions(copies("ro", 65)))),
        bound("mounts[0].options", spec -> spec.addMounts(bind("/srv/data", "a".repeat(256)))),
        bound(
            "volumes",
            spec -> IntStream.range(0, 65).forEach(i -> spec.addVolumes(volume("v" + i)))),
        bound(
            "volumes[0].options",
            spec -> spec.addVolumes(volume("v").toBuilder().addAllOptions(copies("ro", 65)))),
        bound(
            "volumes[0].options",
            spec -> spec.addVolumes(volume("v").toBuilder().addOptions("a".repeat(256)))),
        bound("volumes[0].name", spec -> spec.addVolumes(volume("a.b"))),
        bound("mounts[0].source", spec -> spec.addMounts(bind("/srv/data/../../etc"))),
        bound(
            "annotations",
            spec -> IntStream.range(0, 257).forEach(i -> spec.putAnnotations("a" + i, ""))),
        bound("annotations", spec -> spec.putAnnotations("a", "b".repeat(64 * 1024))),
        bound(
            "hooks",
            spec ->
                spec.setHooks(
                    Hooks.newBuilder()
                        .addAllPoststop(Collections.nCopies(65, hook("/usr/libexec/net"))))),
        bound("hooks.path", spec -> spec.setHooks(Hooks.newBuilder().addPrestart(hook("bin/sh")))),
        bound(
            "hooks.timeout_seconds",
            spec ->
                spec.setHooks(
                    Hooks.newBuilder()
                        .addPrestart(hook("/usr/libexec/net").toBuilder().setTimeoutSeconds(0)))),
        bound(
            "hooks.args",
            spec ->
                spec.setHooks(
                    Hooks.newBuilder()
                        .addPrestart(
                            hook("/usr/libexec/net").toBuilder().addAllArgs(copies("a", 1025))))),
        bound(
            "hooks.args and hooks.env",
            spec ->
                spec.setHooks(
                    Hooks.newBuilder()
                        .addPrestart(
                            hook("/usr/libexec/net").toBuilder()
                                .addEnv("A=" + "a".repeat(128 * 1024))))),
        bound("seccomp.rules", spec -> repeat(spec, 1025, 0)),
        bound("seccomp.rules.conditions", spec -> repeat(spec, 193, 1)),
        bound("seccomp.rules.conditions", spec -> repeat(spec, 1, 193)),
        bound(
            "seccomp.rules.names",
            spec ->
                spec.setSeccomp(seccomp(Collections.nCopies(1023, "read").toArray(String[]::new)))),
        bound("seccomp.rules.names", spec -> spec.setSeccomp(seccomp("x".repeat(65)))),
        bound(
            "seccomp.architectures",
            spec -> spec.getSeccompBuilder().addAllArchitectures(copies("SCMP_ARCH_X86", 33))),
        bound(
            "seccomp.flags",
            spec -> spec.getSeccompBuilder().addAllFlags(copies("SECCOMP_FILTER_FLAG_LOG", 17))),
        bound(
            "seccomp.listener_metadata",
            spec ->
                spec.setSeccomp(
                    notifying("/run/agents/a").setListenerMetadata("x".repeat(16 * 1024 + 1)))),
        bound("seccomp.default_action", spec -> spec.getSeccompBuilder().clearDefaultAction()),
        bound(
            "seccomp.listener_path",
            spec -> spec.setSeccomp(notifying("/run/agents/../docker.sock"))),
        bound("bundle", spec -> spec.setBundle("b")),
        bound("root.path", spec -> spec.getRootBuilder().setPath("/srv/rootfs/../../etc")),
        bound("cgroup_parent", spec -> spec.setCgroupParent("/caisson/../x")),
        bound("cgroup_parent", spec -> spec.setCgroupParent("/caisson//x")),
        bound("cgroup_parent", spec -> spec.setCgroupParent("../caisson")),
        bound("cgroup_parent", spec -> spec.setCgroupParent(IN_SANDBOX)),
        bound("cgroup_parent", spec -> spec.setCgroupParent("/caisson/" + "x/".repeat(1600) + "x")),
        bound("cgroups_path", spec -> spec.setCgroupsPath("/caisson")),
        bound("cgroups_path", spec -> spec.setCgroupsPath("/caisson/a/../../b")),
        bound("cgroups_path", spec -> spec.setCgroupsPath("/caisson/a/")),
        bound("cgroups_path", spec -> spec.setCgroupsPath("/caisson/a\nb")),
        bound("cgroups_path", spec -> spec.setCgroupsPath("a/../b")),
        bound("cgroups_path", spec -> spec.setCgroupsPath("a/")),
        bound("cgroups_path", spec -> spec.setCgroupsPath(".")),
        bound("cgroups_path", spec -> spec.setCgroupsPath(IN_SANDBOX.substring(9))),
        bound("cgroups_path", spec -> spec.setCgroupsPath("/caisson/" + "x/".repeat(1600) + "x")),
        bound("cgroups_path", spec -> spec.setCgroupsPath(IN_SANDBOX)),
        bound("cgroups_path", spec -> spec.setCgroupsPath(IN_SANDBOX + "/init")),
        bound(
            "spec.user_namespace.mode",
            spec -> spec.setUserNamespace(UserNamespace.getDefaultInstance())),
        bound(
            "spec.user_namespace.uid_mappings",
            spec -> spec.setUserNamespace(users(UserNamespace.Mode.MAPPED))),
        bound(
            "spec.user_namespace.uid_mappings",
            spec ->
                spec.setUserNamespace(
                    mapped(
                        IntStream.range(0, 341)
                            .mapToObj(i -> map(i, 200_000 + i, 1))
                            .toArray(IdMapping[]::new)))),
        bound(
            "spec.user_namespace.uid_mappings[0].size",
            spec -> spec.setUserNamespace(mapped(map(0, 200_000, 0)))),
        bound(
            "spec.user_namespace.uid_mappings[0]",
            spec -> spec.setUserNamespace(mapped(map(-2, 200_000, 3)))),
        bound(
            "spec.user_namespace.uid_mappings[1]",
            spec -> spec.setUserNamespace(mapped(map(0, 200_000, 10), map(9, 200_100, 10)))),
        bound(
            "spec.user_namespace.uid_mappings[1]",
            spec -> spec.setUserNamespace(mapped(map(0, 200_000, 10), map(10, 200_009, 10)))));
  }

  private static Arguments bound(String field, Consumer<ContainerSpec.Builder> change) {
    return Arguments.of(field, change);
  }

  private static Mount bind(String source, String... options) {
    return Mount.newBuilder()
        .setDestination("/m")
        .setType("bind")
        .setSource(source)
        .addAllOptions(List.of(options))
        .build();
  }

  private static void conditions(Seccomp.Builder seccomp, int rules) {
    IntStream.range(0, rules)
        .forEach(_ -> seccomp.addRules(onlyOnce("SCMP_ACT_LOG", "personality")));
  }

  private static void repeat(ContainerSpec.Builder spec, int rules, int conditions) {
    SyscallRule rule =
        SyscallRule.newBuilder()
            .addNames("read")
            .setAction("SCMP_ACT_ALLOW")
            .addAllConditions(
                Collections.nCopies(conditions, Seccomp.Condition.getDefaultInstance()))
            .build();
    spec.setSeccomp(seccomp().addAllRules(Collections.nCopies(rules, rule)));
  }

  private static Hook hook(String path) {
    return Hook.newBuilder().setPath(path).build();
  }

  private static Namespace type() {
    return Namespace.newBuilder().setType(Namespace.Type.PID).build();
  }

  private static List<String> copies(String text, int count) {
    return Collections.nCopies(count, text);
  }

  @Test
  void leavesAUserNamespaceThatIsJoinedToWhatIsOpened() {
    Namespace listed =
        Namespace.newBuilder().setType(Namespace.Type.USER).setPath("/proc/7/ns/user").build();
    UserNamespace joined = users(UserNamespace.Mode.JOINED);
    assertThat(check(spec -> spec.addNamespaces(listed).setUserNamespace(joined)))
        .isEqualTo(new Verdict.Allowed());
    UserNamespace tooMany =
        joined.toBuilder().addAllGidMappings(Collections.nCopies(341, map(0, 0, 1))).build();
    assertThat(refusal(check(spec -> spec.setUserNamespace(tooMany))).metadata())
        .containsEntry("field", "spec.user_namespace.gid_mappings");
  }

  private static UserNamespace users(UserNamespace.Mode mode) {
    return UserNamespace.newBuilder().setMode(mode).build();
  }

  private static UserNamespace mapped(IdMapping... maps) {
    return users(UserNamespace.Mode.MAPPED).toBuilder()
        .addAllUidMappings(List.of(maps))
        .addGidMappings(map(0, 200_000, 1))
        .build();
  }

  private static IdMapping map(int inside, int host, int size) {
    return IdMapping.newBuilder().setContainerId(inside).setHostId(host).setSize(size).build();
  }

  @Test
  void allowsAContainerThatAsksForNothing() {
    assertThat(check(spec -> {})).isEqualTo(new Allowed());
  }

  @Test
  void namesEverySystemCallThatAFilterMustNotLetPass() {
    Refusal refusal = refusal(check(spec -> spec.setSeccomp(seccomp("kexec_load", "acct"))));
    assertThat(refusal.message())
        .isEqualTo(
            "This host allows no filter that lets these system calls pass: acct, kexec_load.");
  }

  @Test
  void allowsAListenerBelowAnAllowedDirectory() {
    assertThat(check(spec -> spec.setSeccomp(notifying("/run/agents/a.sock"))))
        .isEqualTo(new Allowed());
    assertThat(check(spec -> spec.getSeccompBuilder().setListenerPath("/ignored")))
        .as("without SCMP_ACT_NOTIFY it has no effect")
        .isEqualTo(new Allowed());
  }

  @Test
  void allowsWhatThePolicyLends() {
    Verdict verdict =
        check(spec ->
            spec.addMounts(bind("/srv/data/x", "rbind", "ro"))
                .setBundle("/srv/bundles/b")
                .setCgroupParent("/caisson/teams")
                .setCgroupsPath("/caisson/pod:7/sandbox-of-mine")
                .setUserNamespace(mapped(map(0, 200_000, 65_536)))
                .setHooks(
                    Hooks.newBuilder()
                        .addCreateRuntime(
                            hook("/usr/libexec/net").toBuilder().setTimeoutSeconds(30))));
    assertThat(verdict).isEqualTo(new Allowed());
  }

  @Test
  void saysWhatItDoesNotKnowOfSystemd() {
    Refusal refusal = refusal(check(spec -> spec.setCgroupsPath("system.slice:docker:7f3a")));
    assertThat(refusal.reason()).isEqualTo(Reason.UNSUPPORTED_FIELD);
    assertThat(refusal.message()).contains("systemd").contains("cgroupfs");
  }

  private static final Guard ON_SYSTEMD =
      new Guard(GuardPolicy.parse(STRICT, CgroupDriver.SYSTEMD));

  @Test
  void takesAScopeBelowTheSliceThatItAllows() {
    for (String scope : List.of("caisson.slice:cri:7f3a", "caisson-pods.slice::web")) {
      ContainerSpec.Builder spec = spec().setCgroupsPath(scope).setCgroupParent(scope);
      assertThat(ON_SYSTEMD.check(request(spec).build())).as(scope).isEqualTo(new Allowed());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "system.slice:cri:7f3a",
        ":cri:7f3a",
        "-.slice:cri:7f3a",
        "caissonx.slice:cri:7f3a"
      })
  void keepsScopesBelowTheSliceThatItAllows(String scope) {
    Refusal refusal = onSystemd(spec().setCgroupsPath(scope));
    assertThat(refusal.reason()).isEqualTo(Reason.GUARD_REFUSED);
    assertThat(refusal.metadata()).containsEntry("rule", "cgroup.parent");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/caisson/x",
        "caisson.slice",
        "caisson.slice:a:b:c",
        "caisson.slice:a:../x",
        "caisson.slice:a:",
        "caisson.slice:a:b.slice",
        "caisson.slice:caisson:01234567-0123-7123-8123-0123456789ab",
        "caisson.slice:a:b\nc"
      })
  void saysWhatNamesAScope(String path) {
    Refusal refusal = onSystemd(spec().setCgroupParent(path));
    assertThat(refusal.reason()).isEqualTo(Reason.INVALID_SPEC);
    assertThat(refusal.metadata()).containsEntry("field", "cgroup_parent");
    assertThat(refusal.message()).contains("name a scope, since systemd makes the cgroups here");
  }

  private static Refusal onSystemd(ContainerSpec.Builder spec) {
    return refusal(ON_SYSTEMD.check(request(spec).build()));
  }

  @Test
  void leavesAPathOfACgroupAloneThatHasNoEffect() {
    Guard other = new Guard(GuardPolicy.parse(STRICT.replace("cgroup.paths = true", "")));
    for (String path : List.of("system.slice:docker:7f3a", "/docker/7f3a", "x")) {
      assertThat(other.check(request(spec().setCgroupsPath(path)).build()))
          .isEqualTo(new Allowed());
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void namesTheRuleThatRefuses(String rule, Consumer<ContainerSpec.Builder> change) {
    Refusal refusal = refusal(check(change));
    assertThat(refusal.reason()).isEqualTo(Reason.GUARD_REFUSED);
    assertThat(refusal.metadata()).containsEntry("rule", rule);
    assertThat(refusal.message()).endsWith(".").doesNotContain("/srv");
  }

  @ParameterizedTest
  @MethodSource("bounds")
  void namesTheFieldThatIsOutOfBounds(String field, Consumer<ContainerSpec.Builder> change) {
    Refusal refusal = refusal(check(change));
    assertThat(refusal.reason()).isEqualTo(Reason.INVALID_SPEC);
    assertThat(refusal.metadata()).containsEntry("field", field);
  }

  @Test
  void acceptsEachBoundItself() {
    Verdict verdict =
        check(spec -> {
          spec.getProcessBuilder()
              .addAllArgs(copies("a", 1023))
              .setOomScoreAdj(-1000)
              .setUser(User.newBuilder().addAllAdditionalGids(Collections.nCopies(1024, 1)));
          spec.addAllMaskedPaths(copies("/a", 128))
              .addAllMounts(Collections.nCopies(128, bind("/srv/data", "ro")));
          IntStream.range(0, 256).forEach(i -> spec.putAnnotations("a" + i, ""));
          conditions(spec.getSeccompBuilder(), 192);
        });
    assertThat(verdict).isEqualTo(new Allowed());
  }

  @Test
  void letsTheOwnerWeakenEachRule() {
    Guard lenient = new Guard(GuardPolicy.parse(LENIENT));
    ContainerSpec.Builder spec =
        spec().clearNamespaces().setUserNamespace(users(UserNamespace.Mode.HOST));
    spec.addMounts(bind("/srv/data", "dev")).getProcessBuilder().setNoNewPrivileges(false);
    assertThat(lenient.check(request(spec).build())).isEqualTo(new Allowed());
  }

  @Test
  void takesSharedNamespacesAndUsersOfAFurtherContainerFromItsSandbox() {
    ContainerSpec.Builder spec = spec().clearUserNamespace();
    spec.removeNamespaces(4).removeNamespaces(3).removeNamespaces(1);
    CreateContainerRequest further = request(spec).setSandboxId("s").build();
    assertThat(GUARD.check(further)).isEqualTo(new Allowed());
    assertThat(GUARD.check(further.toBuilder().clearSandboxId().build()))
        .isInstanceOf(Refused.class);
  }

  @Test
  void refusesStdioThatIsNotSaid() {
    Refusal refusal = refusal(GUARD.check(request(spec()).clearStdio().build()));
    assertThat(refusal.metadata()).containsEntry("field", "stdio");
  }

  @Test
  void refusesIdsThatCouldBePaths() {
    assertThat(refusal(GUARD.check(request(spec()).setContainerId("../x").build())).reason())
        .isEqualTo(Reason.INVALID_ID);
    assertThat(refusal(GUARD.check(request(spec()).setSandboxId("a/b").build())).metadata())
        .containsEntry("field", "sandbox_id");
    assertThat(refusal(GUARD.check(request(spec()).setTenant("").build())).metadata())
        .containsEntry("field", "tenant");
  }

  @Test
  void refusesAnActorThatDoesNotFitIntoARecord() {
    for (Actor actor :
        List.of(
            Actor.newBuilder().setPrincipal("a".repeat(257)).build(),
            Actor.newBuilder().setPrincipal("a\nb").build(),
            Actor.newBuilder().setMethod("m".repeat(65)).build(),
            Actor.newBuilder().setRequestId("r".repeat(129)).build(),
            Actor.newBuilder().setTraceparent("t".repeat(65)).build(),
            Actor.newBuilder().setTracestate("t".repeat(513)).build())) {
      Verdict verdict = GUARD.check(request(spec()).setActor(actor).build());
      assertThat(refusal(verdict).metadata().get("field")).startsWith("actor.");
    }
  }

  private static Volume volume(String name) {
    return Volume.newBuilder()
        .setName(name)
        .setType(Volume.Type.TMPFS)
        .setShare(Volume.Share.POD)
        .build();
  }

  @Test
  void volumesAreTheSandboxes() {
    CreateContainerRequest root = request(spec().addVolumes(volume("a"))).build();
    assertThat(GUARD.check(root)).isEqualTo(new Allowed());
    assertThat(refusal(GUARD.check(root.toBuilder().setSandboxId("s").build())).message())
        .isEqualTo("volumes must be given where the sandbox is made: 1");
  }

  private static final Guard NETWORKED =
      new Guard(
          GuardPolicy.parse(
              "networks.cni = pods other\nnetworks.host-ports = 8000-8999\nrootfs.roots = /"));

  private static Verdict sandboxIn(Network.Builder network) {
    return NETWORKED.check(
        CreateSandboxRequest.newBuilder()
            .setTenant("t")
            .setSandboxId("s")
            .setUserNamespace(users(UserNamespace.Mode.AUTO))
            .setNetwork(network)
            .build());
  }

  private static PortMapping.Builder port(int host, int container) {
    return PortMapping.newBuilder()
        .setHostPort(host)
        .setContainerPort(container)
        .setProtocol(PortMapping.Protocol.TCP);
  }

  private static Network.Builder network(PortMapping.Builder... ports) {
    Network.Builder network = Network.newBuilder();
    List.of(ports).forEach(network::addPorts);
    return network;
  }

  @Test
  void networksAreThoseThatAreNamed() {
    assertThat(sandboxIn(network())).isEqualTo(new Allowed());
    assertThat(sandboxIn(network().setName("other"))).isEqualTo(new Allowed());
    assertThat(
            sandboxIn(
                network(port(8080, 80), port(8080, 80).setProtocol(PortMapping.Protocol.UDP))))
        .isEqualTo(new Allowed());
    assertThat(refusal(sandboxIn(network().setName("third"))).metadata())
        .containsEntry("rule", "networks.cni");
    assertThat(refusal(sandboxIn(network(port(80, 80)))).metadata())
        .containsEntry("rule", "networks.host-ports");
    CreateSandboxRequest asked =
        CreateSandboxRequest.newBuilder()
            .setTenant("t")
            .setSandboxId("s")
            .setUserNamespace(users(UserNamespace.Mode.AUTO))
            .setNetwork(network())
            .build();
    assertThat(refusal(GUARD.check(asked)).metadata()).containsEntry("rule", "networks.cni");
  }

  @Test
  void networksHaveBounds() {
    Network.Builder many = network();
    for (int i = 0; i < 65; i++) {
      many.addPorts(port(8000 + i, 80));
    }
    Map<Network.Builder, String> wrong =
        Map.of(
            network().setName("a/b"),
            "network.name",
            network().setName("x".repeat(65)),
            "network.name",
            many,
            "network.ports",
            network(port(0, 80)),
            "network.ports[0].host_port",
            network(port(8080, 65_536)),
            "network.ports[0].container_port",
            network(port(8080, 80).clearProtocol()),
            "network.ports[0].protocol",
            network(port(8080, 80).setHostIp("a b")),
            "network.ports[0].host_ip",
            network(port(8080, 80), port(8080, 81)),
            "network.ports[1].host_port");
    wrong.forEach((network, field) ->
        assertThat(refusal(sandboxIn(network)).metadata()).containsEntry("field", field));
  }

  @Test
  void aNetworkIsOfASandboxWithANetworkNamespace() {
    CreateContainerRequest.Builder asked = request(spec()).setNetwork(network());
    assertThat(refusal(GUARD.check(asked.clone().setSandboxId("s").build())).metadata())
        .containsEntry("field", "network");
    asked.getSpecBuilder().clearNamespaces();
    assertThat(refusal(GUARD.check(asked.build())).metadata()).containsEntry("field", "network");
  }

  @Test
  void checksSandboxesLikeContainers() {
    CreateSandboxRequest good =
        CreateSandboxRequest.newBuilder()
            .setTenant("t")
            .setSandboxId("s")
            .setUserNamespace(users(UserNamespace.Mode.AUTO))
            .build();
    assertThat(GUARD.check(good)).isEqualTo(new Allowed());
    UserNamespace joined = users(UserNamespace.Mode.JOINED);
    assertThat(refusal(GUARD.check(good.toBuilder().setUserNamespace(joined).build())).metadata())
        .containsEntry("field", "user_namespace.mode");
    assertThat(refusal(GUARD.check(good.toBuilder().clearUserNamespace().build())).metadata())
        .containsEntry("field", "user_namespace.mode");
    assertThat(refusal(GUARD.check(good.toBuilder().setCgroupParent("/x").build())).metadata())
        .containsEntry("rule", "cgroup.parent");
    assertThat(GUARD.check(good.toBuilder().addVolumes(volume("a")).build()))
        .isEqualTo(new Allowed());
    assertThat(refusal(GUARD.check(good.toBuilder().addVolumes(volume("")).build())).metadata())
        .containsEntry("field", "volumes[0].name");
    assertThat(refusal(GUARD.check(good.toBuilder().setSandboxId("").build())).reason())
        .isEqualTo(Reason.INVALID_ID);
  }

  @Test
  void checksExecutedProcesses() {
    ExecProcess good =
        ExecProcess.newBuilder()
            .setTenant("t")
            .setContainerId("c")
            .setProcess(Process.newBuilder().addArgs("id"))
            .build();
    assertThat(GUARD.check(good)).isEqualTo(new Allowed());
    ExecProcess large = good.toBuilder().addAddEnv("A=" + "a".repeat(128 * 1024)).build();
    assertThat(refusal(GUARD.check(large)).metadata())
        .containsEntry("field", "process.args and process.env");
    ExecProcess.Builder strong = good.toBuilder();
    strong.getProcessBuilder().setCapabilities(Capabilities.newBuilder().addEffective("CAP_BPF"));
    assertThat(refusal(GUARD.check(strong.build())).metadata())
        .containsEntry("rule", "capabilities");
  }

  @Test
  void checksPortsAndWhatIsForwarded() {
    ForwardPort good =
        ForwardPort.newBuilder().setTenant("t").setContainerId("c").setPort(65_535).build();
    assertThat(GUARD.check(good)).isEqualTo(new Allowed());
    for (int port : new int[] {0, 65_536, -1}) {
      assertThat(refusal(GUARD.check(good.toBuilder().setPort(port).build())).metadata())
          .containsEntry("field", "port");
    }
    assertThat(GUARD.check(forwarded(16 * 1024))).isEqualTo(new Allowed());
    for (int bytes : new int[] {0, 16 * 1024 + 1}) {
      assertThat(refusal(GUARD.check(forwarded(bytes))).metadata()).containsEntry("field", "data");
    }
    assertThat(refusal(GUARD.check(PortForwardRequest.newBuilder().setForward(good).build())))
        .returns(Reason.INVALID_SPEC, Refusal::reason);
  }

  private static PortForwardRequest forwarded(int bytes) {
    return PortForwardRequest.newBuilder().setData(ByteString.copyFrom(new byte[bytes])).build();
  }

  @Test
  void checksSignalsAndInput() {
    SignalRequest good =
        SignalRequest.newBuilder().setTenant("t").setContainerId("c").setSignal(64).build();
    assertThat(GUARD.check(good)).isEqualTo(new Allowed());
    assertThat(refusal(GUARD.check(good.toBuilder().setSignal(65).build())).metadata())
        .containsEntry("field", "signal");
    assertThat(
            refusal(GUARD.check(good.toBuilder().setAll(true).setForeground(true).build()))
                .message())
        .isEqualTo("foreground must be false when all are signalled: true");
    assertThat(GUARD.check(good.toBuilder().setForeground(true).setProcessId("p").build()))
        .isEqualTo(new Allowed());
    assertThat(
            refusal(GUARD.check(good.toBuilder().setAll(true).setProcessId("p").build()))
                .metadata())
        .containsEntry("field", "process_id");
    Input full = Input.newBuilder().setStdin(ByteString.copyFrom(new byte[64 * 1024])).build();
    assertThat(GUARD.check(full)).isEqualTo(new Allowed());
    Input over = Input.newBuilder().setStdin(ByteString.copyFrom(new byte[64 * 1024 + 1])).build();
    assertThat(refusal(GUARD.check(over)).metadata()).containsEntry("field", "stdin");
  }

  @Test
  void checksTheNamesOfEveryOtherCommand() {
    List<Verdict> bad =
        List.of(
            GUARD.check(DeleteSandboxRequest.newBuilder().setTenant("t").setSandboxId("-").build()),
            GUARD.check(
                StartContainerRequest.newBuilder().setTenant("t").setContainerId("-").build()),
            GUARD.check(
                PauseContainerRequest.newBuilder().setTenant("t").setContainerId("-").build()),
            GUARD.check(
                ResumeContainerRequest.newBuilder().setTenant("t").setContainerId("-").build()),
            GUARD.check(
                DeleteContainerRequest.newBuilder().setTenant("t").setContainerId("-").build()),
            GUARD.check(
                UpdateContainerRequest.newBuilder().setTenant("t").setContainerId("-").build()),
            GUARD.check(UpdateSandboxRequest.newBuilder().setTenant("t").setSandboxId("-").build()),
            GUARD.check(AttachContainer.newBuilder().setTenant("t").setContainerId("-").build()),
            GUARD.check(
                WaitRequest.newBuilder()
                    .setTenant("t")
                    .setContainerId("c")
                    .setProcessId("-")
                    .build()),
            GUARD.checkNames("t", "-", ""));
    assertThat(bad).allMatch(verdict -> refusal(verdict).reason() == Reason.INVALID_ID);
    assertThat(GUARD.checkNames("", "", "")).isEqualTo(new Allowed());
  }

  static List<Arguments> resources() {
    return List.of(
        limits(Reason.LIMIT_TOO_LOW, "memory.limit", r -> memory(r).setLimit((2 << 20) - 1)),
        limits(Reason.LIMIT_TOO_LOW, "memory.limit", r -> memory(r).setLimit(0)),
        limits(Reason.LIMIT_TOO_LOW, "memory.limit", r -> memory(r).setLimit(-2)),
        limits(Reason.INVALID_SPEC, "memory.reservation", r -> memory(r).setReservation(-2)),
        limits(Reason.INVALID_SPEC, "memory.swap", r -> memory(r).setSwap(1 << 30)),
        limits(
            Reason.INVALID_SPEC, "memory.swap", r -> memory(r).setLimit(4 << 20).setSwap(2 << 20)),
        limits(Reason.INVALID_SPEC, "memory.swap", r -> memory(r).setLimit(-1).setSwap(2 << 20)),
        limits(Reason.INVALID_SPEC, "cpu.shares", r -> r.getCpuBuilder().setShares(1)),
        limits(Reason.INVALID_SPEC, "cpu.shares", r -> r.getCpuBuilder().setShares(262_145)),
        limits(Reason.LIMIT_TOO_LOW, "cpu.quota", r -> r.getCpuBuilder().setQuota(999)),
        limits(Reason.INVALID_SPEC, "cpu.period", r -> r.getCpuBuilder().setPeriod(999)),
        limits(Reason.INVALID_SPEC, "cpu.period", r -> r.getCpuBuilder().setPeriod(1_000_001)),
        limits(Reason.INVALID_SPEC, "cpu.cpus", r -> r.getCpuBuilder().setCpus("0-")),
        limits(Reason.INVALID_SPEC, "cpu.mems", r -> r.getCpuBuilder().setMems("a")),
        limits(
            Reason.INVALID_SPEC,
            "cpu.cpus",
            r -> r.getCpuBuilder().setCpus("1" + ",1".repeat(128))),
        limits(Reason.LIMIT_TOO_LOW, "pids.limit", r -> r.getPidsBuilder().setLimit(0)),
        limits(Reason.INVALID_SPEC, "memory.swappiness", r -> memory(r).setSwappiness(101)),
        limits(Reason.INVALID_SPEC, "cpu.burst", r -> r.getCpuBuilder().setBurst(1)),
        limits(Reason.INVALID_SPEC, "cpu.idle", r -> r.getCpuBuilder().setIdle(2)),
        limits(Reason.INVALID_SPEC, "block_io.weight", r -> r.getBlockIoBuilder().setWeight(9)),
        limits(
            Reason.INVALID_SPEC,
            "hugepage_limits[0].page_size",
            r -> r.addHugepageLimitsBuilder().setPageSize("../2MB")),
        limits(Reason.INVALID_SPEC, "unified", r -> r.putUnified("cgroup.procs", "1")),
        limits(Reason.INVALID_SPEC, "unified", r -> r.putUnified("memory.max", "max")));
  }

  private static Arguments limits(Reason reason, String field, Consumer<Resources.Builder> change) {
    return Arguments.of(reason, field, change);
  }

  private static Resources.Memory.Builder memory(Resources.Builder resources) {
    return resources.getMemoryBuilder();
  }

  @ParameterizedTest
  @MethodSource("resources")
  void refusesLimitsThatNothingCanStartIn(
      Reason reason, String field, Consumer<Resources.Builder> change) {
    Resources.Builder resources = Resources.newBuilder();
    change.accept(resources);
    Refusal own = refusal(check(spec -> spec.setResources(resources)));
    assertThat(own.reason()).isEqualTo(reason);
    assertThat(own.metadata()).containsEntry("field", "spec.resources." + field);
    Refusal around = refusal(GUARD.check(request(spec()).setSandboxResources(resources).build()));
    assertThat(around.metadata()).containsEntry("field", "sandbox_resources." + field);
  }

  static List<Arguments> powers() {
    return List.of(
        Arguments.of("scheduling.realtime", power(r -> r.getCpuBuilder().setRealtimeRuntime(1))),
        Arguments.of("scheduling.realtime", power(r -> r.getCpuBuilder().setRealtimePeriod(5000))),
        Arguments.of("oom-killer.disable", power(r -> memory(r).setDisableOomKiller(true))),
        Arguments.of("networks.marks", power(r -> r.getNetworkBuilder().setClassId(1))),
        Arguments.of(
            "networks.marks",
            power(r -> r.getNetworkBuilder().addPrioritiesBuilder().setName("eth0"))));
  }

  private static Consumer<Resources.Builder> power(Consumer<Resources.Builder> change) {
    return change;
  }

  @ParameterizedTest
  @MethodSource("powers")
  void allowsLimitsThatReachBeyondTheCgroupOnlyWhereTheOwnerDoes(
      String rule, Consumer<Resources.Builder> change) {
    Resources.Builder resources = Resources.newBuilder();
    change.accept(resources);
    CreateContainerRequest around = request(spec()).setSandboxResources(resources).build();
    Refusal own = refusal(check(spec -> spec.setResources(resources)));
    assertThat(own.reason()).isEqualTo(Reason.GUARD_REFUSED);
    assertThat(own.metadata()).containsEntry("rule", rule);
    assertThat(refusal(GUARD.check(around)).metadata()).containsEntry("rule", rule);
  }

  @Test
  void acceptsTheLeastAndNoLimits() {
    Resources.Builder least = Resources.newBuilder();
    memory(least).setLimit(2 << 20).setSwap(2 << 20).setReservation(0);
    least.getCpuBuilder().setQuota(1000).setPeriod(1000).setShares(2).setCpus("0-3,7").setMems("0");
    least.getPidsBuilder().setLimit(1);
    assertThat(check(spec -> spec.setResources(least))).isEqualTo(new Allowed());
    Resources.Builder none = Resources.newBuilder();
    memory(none).setLimit(-1).setSwap(-1);
    none.getCpuBuilder().setQuota(-1);
    none.getPidsBuilder().setLimit(-1);
    assertThat(check(spec -> spec.setResources(none))).isEqualTo(new Allowed());
  }

  private static Verdict update(Guard guard, Resources.Builder resources) {
    return guard.check(
        UpdateContainerRequest.newBuilder()
            .setTenant("t")
            .setContainerId("c")
            .setResources(resources)
            .build());
  }

  @ParameterizedTest
  @MethodSource("resources")
  void refusesSuchLimitsInAnUpdate(
      Reason reason, String field, Consumer<Resources.Builder> change) {
    Resources.Builder resources = Resources.newBuilder();
    change.accept(resources);
    if (resources.getMemory().hasSwap() && !resources.getMemory().hasLimit()) {
      return; // the limit may be there already
    }
    assertThat(refusal(update(GUARD, resources)).reason()).isEqualTo(reason);
    Refusal around =
        refusal(
            GUARD.check(
                UpdateSandboxRequest.newBuilder()
                    .setTenant("t")
                    .setSandboxId("s")
                    .setResources(resources)
                    .build()));
    assertThat(around.metadata()).containsEntry("field", "resources." + field);
  }

  @Test
  void anUpdateChangesSomethingAndNoDevices() {
    assertThat(refusal(update(GUARD, Resources.newBuilder())).message())
        .contains("have a limit that is to be changed");
    Resources.Builder devices = Resources.newBuilder();
    devices.addDevicesBuilder().setAllow(true);
    assertThat(refusal(update(GUARD, devices)).metadata())
        .containsEntry("field", "resources.devices");
    Resources.Builder swap = Resources.newBuilder();
    memory(swap).setSwap(1 << 30);
    assertThat(update(GUARD, swap)).isEqualTo(new Allowed());
    memory(swap).setSwap(5);
    assertThat(refusal(update(GUARD, swap)).metadata())
        .containsEntry("field", "resources.memory.swap");
  }

  @Test
  void anUpdateTakesNoLimitAwayThatIsRequired() {
    Guard strict =
        new Guard(GuardPolicy.parse(STRICT + "limits.pids = 10\nlimits.memory-bytes = 4194304\n"));
    for (long limit : List.of(-1L, 11L)) {
      Resources.Builder pids = Resources.newBuilder();
      pids.getPidsBuilder().setLimit(limit);
      assertThat(refusal(update(strict, pids)).metadata()).containsEntry("rule", "limits.pids");
    }
    Resources.Builder none = Resources.newBuilder();
    memory(none).setLimit(-1);
    assertThat(refusal(update(strict, none)).metadata())
        .containsEntry("rule", "limits.memory-bytes");
    Resources.Builder other = Resources.newBuilder();
    other.getCpuBuilder().setShares(2);
    other.getPidsBuilder().setLimit(10);
    assertThat(update(strict, other)).isEqualTo(new Allowed());
  }
}
