package dev.caisson.oci;

import static dev.caisson.oci.Documents.convert;
import static dev.caisson.oci.Documents.refused;
import static dev.caisson.oci.Documents.with;
import static dev.caisson.oci.Documents.withLinux;
import static dev.caisson.oci.Documents.withProcess;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.oci.OciException.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.MemoryPolicy;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Propagation;
import dev.caisson.proto.types.v1.Scheduler;
import dev.caisson.proto.types.v1.UserNamespace;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OciSpecTest {
  @Test
  void convertsWhatRuncWrites() {
    Converted converted = OciSpec.convert(Documents.of("runc"), "/bundle");
    ContainerSpec spec = converted.spec();
    assertThat(spec.getProcess().getArgsList()).containsExactly("sh");
    assertThat(spec.getProcess().getTerminal()).isTrue();
    assertThat(spec.getProcess().getNoNewPrivileges()).isTrue();
    assertThat(spec.getProcess().getCapabilities().getBoundingList()).contains("CAP_KILL");
    assertThat(spec.getProcess().getRlimits(0).getType()).isEqualTo("RLIMIT_NOFILE");
    assertThat(spec.getRoot().getPath()).isEqualTo("/bundle/rootfs");
    assertThat(spec.getRoot().getReadonly()).isTrue();
    assertThat(spec.getHostname()).isEqualTo("runc");
    assertThat(spec.getMountsList())
        .extracting(Mount::getDestination)
        .contains("/proc", "/dev/shm");
    assertThat(types(spec)).contains(Namespace.Type.PID, Namespace.Type.USER);
    assertThat(spec.getUserNamespace().getMode()).isEqualTo(UserNamespace.Mode.AUTO);
    assertThat(spec.getMaskedPathsList()).contains("/proc/kcore");
    assertThat(spec.getReadonlyPathsList()).contains("/proc/sys");
    assertThat(spec.getBundle()).isEqualTo("/bundle");
    assertThat(converted.ignored())
        .extracting(IgnoredField::getField)
        .containsExactly("process.capabilities.ambient");
    assertThat(spec.getResources().getDevices(0).getAllow()).isFalse();
  }

  @Test
  void convertsWhatRuncWritesForUsersWithoutRoot() {
    ContainerSpec spec = OciSpec.convert(Documents.of("runc-rootless"), "/bundle").spec();
    assertThat(spec.getUserNamespace().getMode()).isEqualTo(UserNamespace.Mode.MAPPED);
    assertThat(spec.getUserNamespace().getUidMappings(0).getSize()).isEqualTo(1);
    assertThat(spec.getMountsList())
        .filteredOn(mount -> mount.getDestination().equals("/sys"))
        .singleElement()
        .extracting(Mount::getType, Mount::getSource)
        .containsExactly("bind", "/sys");
  }

  @Test
  void convertsWhatDockerWrites() {
    Converted converted = OciSpec.convert(Documents.of("docker"), "/run/bundle");
    ContainerSpec spec = converted.spec();
    assertThat(spec.getSeccomp().getDefaultAction()).isEqualTo("SCMP_ACT_ERRNO");
    assertThat(spec.getSeccomp().getRulesCount()).isGreaterThan(10);
    assertThat(spec.getSeccomp().getRulesList())
        .anySatisfy(rule -> assertThat(rule.getConditionsCount()).isPositive());
    assertThat(spec.getHooks().getPrestart(0).getArgs(0)).isEqualTo("libnetwork-setkey");
    assertThat(spec.getSysctlMap()).containsEntry("net.ipv4.ip_unprivileged_port_start", "0");
    assertThat(spec.getResources().getCpu().hasShares()).isFalse();
    assertThat(spec.getProcess().getUser().getAdditionalGidsList()).containsExactly(0);
    assertThat(spec.getMountsList())
        .filteredOn(mount -> mount.getDestination().equals("/etc/hosts"))
        .singleElement()
        .extracting(Mount::getType)
        .isEqualTo("bind");
    assertThat(spec.getCgroupsPath()).startsWith("/docker/51fa7dace70f");
    assertThat(converted.ignored()).isEmpty();
  }

  @Test
  void carriesEveryLimitAndLeavesOutZeros() {
    var resources =
        convert(
                withLinux(
                    """
                    "resources":{
                      "memory":{"limit":1048576,"reservation":0,"swap":-1,"swappiness":null},
                      "cpu":{"shares":512,"quota":50000,"period":100000,"cpus":"0-1","mems":"0"},
                      "pids":{"limit":0}}\
                    """))
            .spec()
            .getResources();
    assertThat(resources.getMemory().getLimit()).isEqualTo(1048576);
    assertThat(resources.getMemory().hasReservation()).isFalse();
    assertThat(resources.getMemory().getSwap()).isEqualTo(-1);
    assertThat(resources.getCpu().getShares()).isEqualTo(512);
    assertThat(resources.getCpu().getQuota()).isEqualTo(50000);
    assertThat(resources.getCpu().getPeriod()).isEqualTo(100000);
    assertThat(resources.getCpu().getCpus()).isEqualTo("0-1");
    assertThat(resources.getPids().hasLimit()).isFalse();
  }

  @Test
  void knowsNoConsoleSizeWhereOneSideIsNothing() {
    for (String size : new String[] {"{}", "{\"height\":0,\"width\":80}", "{\"height\":24}"}) {
      var converted = convert(withProcess("\"terminal\":true,\"consoleSize\":" + size));
      assertThat(converted.spec().getProcess().hasConsoleSize()).isFalse();
      assertThat(converted.spec().getProcess().getTerminal()).isTrue();
    }
  }

  @Test
  void carriesTheWholeProcess() {
    var process =
        convert(
                withProcess(
                    """
                    "env":["A=b"],"oomScoreAdj":-5,"consoleSize":{"height":24,"width":80},
                    "user":{"uid":4294967295,"gid":2,"umask":18,"additionalGids":[3]},
                    "rlimits":[{"type":"RLIMIT_CORE","soft":0,"hard":18446744073709551615}]\
                    """))
            .spec()
            .getProcess();
    assertThat(process.getEnvList()).containsExactly("A=b");
    assertThat(process.getOomScoreAdj()).isEqualTo(-5);
    assertThat(process.getConsoleSize().getWidth()).isEqualTo(80);
    assertThat(process.getConsoleSize().getHeight()).isEqualTo(24);
    assertThat(process.getUser().getUid()).isEqualTo(-1);
    assertThat(process.getUser().getAdditionalGidsList()).containsExactly(3);
    assertThat(process.getUmask()).isEqualTo(18);
    assertThat(process.getRlimits(0).getHard()).isEqualTo(-1L);
  }

  @Test
  void carriesHowTheProcessIsScheduled() {
    Converted converted =
        convert(
            withProcess(
                """
                "ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":3},
                "scheduler":{"policy":"SCHED_DEADLINE","nice":-1,"priority":2,
                  "flags":["SCHED_FLAG_RECLAIM"],"runtime":1024,"deadline":2048,
                  "period":18446744073709551615},
                "execCPUAffinity":{"initial":"0","final":"0-1,3"}\
                """));
    var process = converted.spec().getProcess();
    assertThat(process.getIoPriority().getClass_()).isEqualTo("IOPRIO_CLASS_IDLE");
    assertThat(process.getIoPriority().getPriority()).isEqualTo(3);
    assertThat(process.getScheduler())
        .isEqualTo(
            Scheduler.newBuilder()
                .setPolicy("SCHED_DEADLINE")
                .setNice(-1)
                .setPriority(2)
                .addFlags("SCHED_FLAG_RECLAIM")
                .setRuntime(1024)
                .setDeadline(2048)
                .setPeriod(-1L)
                .build());
    assertThat(process.getCpuAffinity()).isEqualTo("0-1,3");
    assertThat(converted.ignored())
        .extracting(IgnoredField::getField)
        .containsExactly("process.execCPUAffinity.initial");
  }

  @Test
  void carriesThePersonality() {
    String fields = "\"personality\":{\"domain\":\"LINUX32\",\"flags\":[\"X\"]}";
    var personality = convert(withLinux(fields)).spec().getPersonality();
    assertThat(personality.getDomain()).isEqualTo("LINUX32");
    assertThat(personality.getFlagsList()).containsExactly("X");
  }

  @Test
  void carriesTheMemoryPolicy() {
    String fields = "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1\",\"flags\":[\"X\"]}";
    assertThat(convert(withLinux(fields)).spec().getMemoryPolicy())
        .isEqualTo(
            MemoryPolicy.newBuilder().setMode("MPOL_BIND").setNodes("0-1").addFlags("X").build());
  }

  @Test
  void carriesEveryKindOfHook() {
    var hooks =
        convert(
                with(
                    """
                    ,"hooks":{"prestart":[{"path":"/a","args":["a","b"],"env":["X=1"],"timeout":3}],
                    "createRuntime":[{"path":"/b"}],"createContainer":[{"path":"/c"}],
                    "startContainer":[{"path":"/d"}],"poststart":[{"path":"/e"}],
                    "poststop":[{"path":"/f"}]}\
                    """))
            .spec()
            .getHooks();
    assertThat(hooks.getPrestart(0).getTimeoutSeconds()).isEqualTo(3);
    assertThat(hooks.getPrestart(0).getArgsList()).containsExactly("a", "b");
    assertThat(hooks.getCreateRuntime(0).getPath()).isEqualTo("/b");
    assertThat(hooks.getCreateContainer(0).getPath()).isEqualTo("/c");
    assertThat(hooks.getStartContainer(0).getPath()).isEqualTo("/d");
    assertThat(hooks.getPoststart(0).getPath()).isEqualTo("/e");
    assertThat(hooks.getPoststop(0).getPath()).isEqualTo("/f");
  }

  @Test
  void makesAUserNamespaceWithoutBeingAsked() {
    ContainerSpec spec = convert(withLinux("\"namespaces\":[{\"type\":\"pid\"}]")).spec();
    assertThat(types(spec)).contains(Namespace.Type.PID, Namespace.Type.USER);
    assertThat(spec.getUserNamespace().getMode()).isEqualTo(UserNamespace.Mode.AUTO);
  }

  @Test
  void leavesOutAmbientCapabilitiesThatTheKernelWouldNotGive() {
    Converted converted =
        convert(
            withProcess(
                """
                "capabilities":{"inheritable":["CAP_KILL"],"ambient":["CAP_KILL","CAP_CHOWN"]}\
                """));
    assertThat(converted.spec().getProcess().getCapabilities().getAmbientList())
        .containsExactly("CAP_KILL");
    assertThat(converted.ignored())
        .extracting(IgnoredField::getField)
        .contains("process.capabilities.ambient");
  }

  @Test
  void makesACgroupNamespaceWithoutBeingAsked() {
    ContainerSpec spec = convert(withLinux("\"namespaces\":[{\"type\":\"pid\"}]")).spec();
    assertThat(types(spec)).containsOnlyOnce(Namespace.Type.CGROUP);
  }

  @Test
  void takesTheHostsUserNamespaceOnlyWhenAsked() {
    ContainerSpec spec =
        convert(with(",\"annotations\":{\"dev.caisson.spec.user-namespace\":\"host\"}")).spec();
    assertThat(spec.getUserNamespace().getMode()).isEqualTo(UserNamespace.Mode.HOST);
    assertThat(types(spec)).doesNotContain(Namespace.Type.USER);
  }

  @Test
  void leavesAUserNamespaceThatIsJoinedToItsPath() {
    ContainerSpec spec =
        convert(withLinux("\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/7/ns/user\"}]"))
            .spec();
    assertThat(spec.getUserNamespace())
        .isEqualTo(UserNamespace.newBuilder().setMode(UserNamespace.Mode.JOINED).build());
    assertThat(spec.getNamespaces(0).getPath()).isEqualTo("/proc/7/ns/user");
  }

  @Test
  void takesTheMapsThatEnginesWriteBesideAPath() {
    String linux =
        """
        "namespaces":[{"type":"user","path":"/proc/7/ns/user"}],
        "uidMappings":[{"containerID":0,"hostID":100000,"size":9}],
        "gidMappings":[{"containerID":0,"hostID":200000,"size":9}]\
        """;
    UserNamespace users = convert(withLinux(linux)).spec().getUserNamespace();
    assertThat(users.getMode()).isEqualTo(UserNamespace.Mode.JOINED);
    assertThat(users.getUidMappings(0).getHostId()).isEqualTo(100_000);
    assertThat(users.getGidMappings(0).getHostId()).isEqualTo(200_000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"host", "identity"})
  void refusesAnAnnotationBesideAUserNamespaceThatIsJoined(String mode) {
    String document =
        withLinux("\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/7/ns/user\"}]")
            .replaceFirst(
                "\\{", "{\"annotations\":{\"dev.caisson.spec.user-namespace\":\"" + mode + "\"},");
    assertThat(refused(document).field()).isEqualTo("annotations[dev.caisson.spec.user-namespace]");
  }

  @Test
  void takesTheParentCgroupFromEitherAnnotationAndPrefersItsOwn() {
    assertThat(convert(annotated("dev.gvisor.spec.cgroup-parent", "/x")).spec().getCgroupParent())
        .isEqualTo("/x");
    String both =
        with(
            """
            ,"annotations":{"dev.gvisor.spec.cgroup-parent":"/x",
            "dev.caisson.spec.cgroup-parent":"/y"}\
            """);
    assertThat(convert(both).spec().getCgroupParent()).isEqualTo("/y");
    assertThat(refused(annotated("dev.caisson.spec.cgroup-parent", "/x/../y")).reason())
        .isEqualTo(Reason.INVALID_OCI_SPEC);
  }

  @Test
  void takesADirectoryOfAVolumeFromItsOption() {
    String mount =
        ",\"mounts\":[{\"destination\":\"/l\",\"type\":\"volume\",\"source\":\"data\",\"options\":[%s]}]";
    Mount read = convert(with(mount.formatted("\"ro\",\"subpath=logs/app\""))).spec().getMounts(0);
    assertThat(read.getSubpath()).isEqualTo("logs/app");
    assertThat(read.getOptionsList()).containsExactly("ro");
    for (String wrong : List.of("\"subpath=\"", "\"subpath=a\",\"subpath=b\"")) {
      assertThat(refused(with(mount.formatted(wrong))).field()).isEqualTo("mounts[0].options");
    }
  }

  @Test
  void letsMountsOfTheHostThroughOnlyWhereAsked() {
    assertThat(convert(withLinux("")).spec().getRootfsPropagation())
        .isEqualTo(Propagation.PROPAGATION_UNSPECIFIED);
    assertThat(convert(withLinux("\"rootfsPropagation\":\"rprivate\"")).spec())
        .returns(Propagation.PRIVATE, ContainerSpec::getRootfsPropagation);
    Converted slave = convert(withLinux("\"rootfsPropagation\":\"rslave\""));
    assertThat(slave.spec().getRootfsPropagation()).isEqualTo(Propagation.SLAVE);
    assertThat(slave.ignored()).isEmpty();
  }

  @Test
  void resolvesRelativePathsAgainstTheBundle() {
    Converted converted =
        convert(
            """
            {"ociVersion":"1.0.0","process":{"args":["x"],"cwd":"/"},"root":{"path":"../fs"},
            "mounts":[{"destination":"/data","type":"none","source":"data","options":["rbind"]}]}\
            """);
    assertThat(converted.spec().getRoot().getPath()).isEqualTo("/fs");
    assertThat(converted.spec().getMounts(0).getSource()).isEqualTo("/bundle/data");
    assertThat(converted.spec().getMounts(0).getType()).isEqualTo("bind");
  }

  @Test
  void asksForABundleWhenAPathIsRelative() {
    byte[] json = with("").replace("\"/r\"", "\"r\"").getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> OciSpec.convert(json, ""))
        .hasMessage("root.path must be absolute when no bundle is given: r");
    assertThatThrownBy(() -> OciSpec.convert(json, "relative"))
        .hasMessage("bundle must be an absolute path: relative");
  }

  @Test
  void reportsUnknownFieldsAndKeepsGoing() {
    assertThat(convert(with(",\"x-new\":1,\"annotations\":null")).ignored())
        .extracting(IgnoredField::getField)
        .containsExactly("x-new");
    assertThat(convert(withProcess("\"sparkle\":true")).ignored())
        .extracting(IgnoredField::getField)
        .containsExactly("process.sparkle");
  }

  @Test
  void saysWhyAFieldHasNoEffectAndKeepsItsValue() {
    IgnoredField unknown =
        convert(with(",\"hooks\":{\"foo\":[{\"path\":\"/x\"}]}")).ignored().getFirst();
    assertThat(unknown.getField()).isEqualTo("hooks.foo");
    assertThat(unknown.getWhy()).isEqualTo("is not known and was ignored");
    assertThat(unknown.getValue()).isEqualTo("[{\"path\":\"/x\"}]");
    IgnoredField ambient =
        convert(
                withProcess(
                    "\"capabilities\":{\"ambient\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"inheritable\":[\"CAP_KILL\"]}"))
            .ignored()
            .getFirst();
    assertThat(ambient.getWhy()).isEqualTo("was reduced to what is inheritable, without CAP_CHOWN");
  }

  @Test
  void reportsABoundedNumberOfIgnoredFieldsInBoundedPlainText() {
    StringBuilder fields = new StringBuilder();
    for (int i = 0; i < IgnoredFields.MAX + 7; i++) {
      fields
          .append(",\"x")
          .append(i)
          .append("\\u001b\\u2028\":\"")
          .append("y".repeat(5000))
          .append('"');
    }
    List<IgnoredField> ignored = convert(with(fields.toString())).ignored();
    assertThat(ignored).hasSize(IgnoredFields.MAX + 1);
    assertThat(ignored.getFirst().getField()).isEqualTo("x0??");
    assertThat(ignored.getFirst().getValue()).hasSize(IgnoredFields.MAX_VALUE);
    assertThat(ignored.getLast().getWhy()).isEqualTo("has 7 more fields that were ignored");
  }

  @Test
  void refusesAnOffsetOfAClockThatNoNamespaceHas() {
    assertThatThrownBy(() -> convert(withLinux("\"timeOffsets\":{\"realtime\":{\"secs\":1}}")))
        .hasMessage(
            "linux.timeOffsets.realtime must not be set: an offset; time namespaces have the clocks"
                + " monotonic and boottime only");
  }

  @Test
  void tellsWhereTheTextStopsBeingJson() {
    OciException error = refused("{\n  \"a\": ,\n}");
    assertThat(error.reason()).isEqualTo(Reason.MALFORMED_JSON);
    assertThat(error.position().orElseThrow().line()).isEqualTo(2);
    assertThat(error.position().orElseThrow().column()).isPositive();
    assertThat(error.field()).isEmpty();
    assertThat(error).hasMessageContaining("line 2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "{", "{}{}", "{\"a\":1,\"a\":2}", "nul", "{\"a\":NaN}"})
  void refusesWhatIsNotOneJsonDocument(String text) {
    assertThat(refused(text).reason()).isEqualTo(Reason.MALFORMED_JSON);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "null", "7", "\"x\"", "{}", "{\"ociVersion\":\"2.0.0\"}"})
  void refusesWhatIsNoConfiguration(String text) {
    assertThat(refused(text).reason()).isEqualTo(Reason.INVALID_OCI_SPEC);
  }

  @Test
  void refusesBytesThatAreNotUtf8() {
    byte[] json = with("").getBytes(StandardCharsets.UTF_16LE);
    assertThatThrownBy(() -> OciSpec.convert(json, "/b")).isInstanceOf(OciException.class);
    assertThatThrownBy(() -> OciSpec.convert(new byte[] {'"', (byte) 0xFF, '"'}, "/b"))
        .hasMessage("config.json must be UTF-8");
  }

  @Test
  void holdsTheBoundOfSize() {
    String most = with(",\"x\":\"") + " ".repeat(OciSpec.MAX_BYTES);
    assertThat(refused(most).getMessage()).startsWith("config.json must be at most 1048576 bytes");
    String padded = with("");
    String full = padded + " ".repeat(OciSpec.MAX_BYTES - padded.length());
    assertThat(convert(full).spec().getProcess().getArgsCount()).isEqualTo(1);
  }

  @Test
  void holdsTheBoundOfDepth() {
    int inside = OciSpec.MAX_DEPTH - 1;
    String deepest = ",\"x\":" + "[".repeat(inside) + "]".repeat(inside);
    assertThat(convert(with(deepest)).ignored())
        .extracting(IgnoredField::getField)
        .containsExactly("x");
    String deeper = ",\"x\":" + "[".repeat(inside + 1) + "]".repeat(inside + 1);
    assertThat(refused(with(deeper)).reason()).isEqualTo(Reason.MALFORMED_JSON);
  }

  @Test
  void holdsTheBoundOfAString() {
    String longest = "x".repeat(OciSpec.MAX_STRING);
    assertThat(convert(with(",\"hostname\":\"" + longest + "\"")).spec().getHostname())
        .hasSize(OciSpec.MAX_STRING);
    assertThat(refused(with(",\"hostname\":\"" + longest + "x\"")).reason())
        .isEqualTo(Reason.MALFORMED_JSON);
  }

  @Test
  void namesTheFieldTheRuleAndTheValue() {
    OciException error =
        refused("{\"ociVersion\":\"1.0.0\",\"process\":{\"args\":[]},\"root\":{\"path\":\"/\"}}");
    assertThat(error).hasMessage("process.args must have at least one entry: []");
    assertThat(error.field()).isEqualTo("process.args");
    assertThat(error.reason()).isEqualTo(Reason.INVALID_OCI_SPEC);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "process.cwd | {'ociVersion':'1.0.0','process':{'args':['x'],'cwd':'etc'}}",
        "root | {'ociVersion':'1.0.0','process':{'args':['x'],'cwd':'/'}}",
        "process | {'ociVersion':'1.0.0'}",
        "process.args[1] | {'ociVersion':'1.0.0','process':{'args':['x',1]}}",
        "ociVersion | {'process':{}}",
      })
  void refusesAMissingOrWrongField(String field, String json) {
    assertThat(refused(json.replace('\'', '"')).field()).isEqualTo(field);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "linux.namespaces[0].type | 'namespaces':[{'type':'moon'}]",
        "linux.namespaces[1].type | 'namespaces':[{'type':'pid'},{'type':'pid'}]",
        "linux.namespaces[0].path | 'namespaces':[{'type':'pid','path':'x'}]",
        "linux.namespaces | 'uidMappings':[{'size':1}],'gidMappings':[{'size':1}]",
        "linux.uidMappings[0].size | 'uidMappings':[{'size':0}],'gidMappings':[{'size':1}]",
        "linux.gidMappings | 'namespaces':[{'type':'user'}],'uidMappings':[{'size':1}]",
        "linux.resources.memory.limit | 'resources':{'memory':{'limit':-2}}",
        "linux.resources.memory.limit | 'resources':{'memory':{'limit':1.5}}",
        "linux.resources.cpu.shares | 'resources':{'cpu':{'shares':-1}}",
        "linux.resources.cpu.shares | 'resources':{'cpu':{'shares':18446744073709551616}}",
        "linux.resources.memory.swappiness | 'resources':{'memory':{'swappiness':101}}",
        "linux.resources.memory.disableOOMKiller | 'resources':{'memory':{'disableOOMKiller':1}}",
        "linux.resources.cpu.burst | 'resources':{'cpu':{'burst':-1}}",
        "linux.resources.cpu.idle | 'resources':{'cpu':{'idle':2}}",
        "linux.resources.cpu.realtimeRuntime | 'resources':{'cpu':{'realtimeRuntime':-1}}",
        "linux.resources.blockIO.weight | 'resources':{'blockIO':{'weight':65536}}",
        "linux.resources.blockIO.weightDevice[0].major | 'resources':{'blockIO':{'weightDevice':[{'major':-1}]}}",
        "linux.resources.blockIO.throttleReadIOPSDevice | 'resources':{'blockIO':{'throttleReadIOPSDevice':1}}",
        "linux.resources.hugepageLimits[0].limit | 'resources':{'hugepageLimits':[{'limit':-1}]}",
        "linux.resources.network.classID | 'resources':{'network':{'classID':4294967296}}",
        "linux.resources.network.priorities[0].priority | 'resources':{'network':{'priorities':[{'priority':-1}]}}",
        "linux.resources.rdma.x.hcaHandles | 'resources':{'rdma':{'x':{'hcaHandles':-1}}}",
        "linux.resources.rdma.x | 'resources':{'rdma':{'x':1}}",
        "linux.resources.unified.a | 'resources':{'unified':{'a':1}}",
        "linux.seccomp.defaultAction | 'seccomp':{}",
        "linux.seccomp.listenerPath | 'seccomp':{'defaultAction':'A','listenerPath':'x'}",
        "linux.seccomp.listenerMetadata | 'seccomp':{'defaultAction':'A','listenerMetadata':'x'}",
        "linux.seccomp.syscalls[0].names | 'seccomp':{'defaultAction':'A','syscalls':[{}]}",
        "linux.maskedPaths | 'maskedPaths':'x'",
        "linux.sysctl.a | 'sysctl':{'a':1}",
      })
  void refusesAWrongFieldOfLinux(String field, String fields) {
    OciException error = refused(withLinux(fields.replace('\'', '"')));
    assertThat(error.field()).isEqualTo(field);
    assertThat(error.reason()).isEqualTo(Reason.INVALID_OCI_SPEC);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "linux.intelRdt | 'intelRdt':{'closID':'x'}",
        "linux.rootfsPropagation | 'rootfsPropagation':'shared'",
        "linux.netDevices | 'netDevices':{'eth0':{}}",
        "linux.resources.memory.kernel | 'resources':{'memory':{'kernel':60}}",
        "linux.resources.memory.kernelTCP | 'resources':{'memory':{'kernelTCP':60}}",
      })
  void refusesByNameWhatItDoesNotDo(String field, String fields) {
    OciException error = refused(withLinux(fields.replace('\'', '"')));
    assertThat(error.field()).isEqualTo(field);
    assertThat(error.reason()).isEqualTo(Reason.UNSUPPORTED);
  }

  @Test
  void carriesLabels() {
    String labels = "\"apparmorProfile\":\"p\",\"selinuxLabel\":\"a:b\"";
    var process = convert(withProcess(labels)).spec().getProcess();
    assertThat(process.getApparmorProfile()).isEqualTo("p");
    assertThat(process.getSelinuxLabel()).isEqualTo("a:b");
    assertThat(convert(withLinux("\"mountLabel\":\"c\"")).spec().getMountLabel()).isEqualTo("c");
  }

  @Test
  void carriesDevicesAndTheirRules() {
    String fields =
        """
        "devices":[{"path":"/dev/fuse","type":"c","major":10,"minor":229,"fileMode":438,"uid":0},
          {"path":"/run/pipe","type":"p","fileMode":384,"uid":4294967295,"gid":7}],
        "resources":{"devices":[{"allow":false,"access":"rwm"},
          {"allow":true,"type":"c","major":10,"minor":-1,"access":"rw"}]}\
        """;
    Converted converted = convert(withLinux(fields));
    ContainerSpec spec = converted.spec();
    assertThat(spec.getDevices(0).getPath()).isEqualTo("/dev/fuse");
    assertThat(spec.getDevices(0).getMajor()).isEqualTo(10);
    assertThat(spec.getDevices(0).getMinor()).isEqualTo(229);
    assertThat(spec.getDevices(1).getFileMode()).isEqualTo(0600);
    assertThat(spec.getDevices(1).getUid()).isEqualTo(-1);
    assertThat(converted.ignored())
        .extracting(IgnoredField::getField)
        .containsExactly("linux.devices[0].fileMode");
    assertThat(spec.getResources().getDevices(0).hasMajor()).isFalse();
    assertThat(spec.getResources().getDevices(1).getMajor()).isEqualTo(10);
    assertThat(spec.getResources().getDevices(1).hasMinor()).isFalse();
    assertThat(spec.getResources().getDevices(1).getAccess()).isEqualTo("rw");
  }

  @Test
  void refusesOtherPlatforms() {
    assertThat(refused(with(",\"windows\":{\"layerFolders\":[\"x\"]}")).field())
        .isEqualTo("windows");
  }

  @Test
  void refusesTextThatWouldReachTheKernelAsAnother() {
    assertThat(refused(with(",\"hostname\":\"a\\u0000b\"")).field()).isEqualTo("hostname");
    assertThat(refused(with(",\"hostname\":\"\\ud800\"")).field()).isEqualTo("hostname");
  }

  @Test
  void showsNoControlCharactersAndCutsLongValues() {
    assertThat(refused(with(",\"hooks\":{\"prestart\":[{\"path\":\"\\u001b[2J\"}]}")))
        .hasMessageNotContaining("\u001b");
    OciException error =
        refused(with(",\"hooks\":{\"prestart\":[{\"path\":\"" + "x".repeat(900) + "\"}]}"));
    assertThat(error.getMessage().length()).isLessThan(200);
  }

  @Test
  void refusesAnUnknownKindOfContainer() {
    assertThat(refused(annotated("io.kubernetes.cri.container-type", "other")).field())
        .isEqualTo("annotations[io.kubernetes.cri.container-type]");
  }

  private static String annotated(String key, String value) {
    return with(",\"annotations\":{\"" + key + "\":\"" + value + "\"}");
  }

  private static List<Namespace.Type> types(ContainerSpec spec) {
    return spec.getNamespacesList().stream().map(Namespace::getType).toList();
  }
}
