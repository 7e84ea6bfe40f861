package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.User;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;
import java.util.function.Consumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/** Whatever a caller sends: there is a plan that caisson-init takes, or a refusal with a name. */
class AnySpecTest {
  private static final Arbitrary<String> TEXT =
      Arbitraries.oneOf(
          Arbitraries.of("a", "A=b", "/", "/a", "/a/b", "//x/", ".", "..", "/..", "", "\0", "é"),
          Arbitraries.strings().ofMaxLength(20));

  private static final Arbitrary<String> PATH =
      Arbitraries.of("/proc", "/sys", "/dev", "/dev/pts", "/dev/x", "/a", "/a/b", "/a/b/c", "/run");

  private static final Arbitrary<String> OPTION =
      Arbitraries.frequencyOf(
          net.jqwik.api.Tuple.of(
              20,
              Arbitraries.of(
                  "ro",
                  "rw",
                  "nosuid",
                  "suid",
                  "nodev",
                  "dev",
                  "bind",
                  "rbind",
                  "private",
                  "rslave",
                  "size=1m",
                  "mode=755",
                  "noatime",
                  "relatime",
                  "strictatime",
                  "rro",
                  "rnosymfollow",
                  "sync",
                  "async",
                  "idmap",
                  "tmpcopyup")),
          net.jqwik.api.Tuple.of(1, TEXT));

  @Property(tries = 1000)
  void hasAPlanOrARefusalWithAName(
      @ForAll("specs") ContainerSpec spec, @ForAll boolean root, @ForAll boolean hybrid) {
    ContainerFacts facts =
        new ContainerFacts(
            root,
            hybrid ? Specs.hybrid() : Specs.facts().cgroup(),
            true,
            java.util.Set.of("/a"),
            Specs.LAST_CAPABILITY,
            spec.hasSeccomp()
                ? java.util.Optional.of(Specs.filter(Specs.seccomp().build()))
                : java.util.Optional.empty(),
            java.util.Set.of());
    try {
      Plan plan = ContainerPlan.compile(spec, facts);
      ProgramReader program = ProgramReader.read(Program.encode(plan, Machine.X86_64));
      assertThat(program.steps()).hasSameSizeAs(plan.steps());
      assertThat(plan.text()).allMatch(line -> line.matches("[ -~]+"));
      Statistics.collect("plan");
    } catch (RefusedException e) {
      assertThat(e.refusal().metadata())
          .containsAnyOf(
              java.util.Map.entry("field", e.refusal().metadata().getOrDefault("field", "")),
              java.util.Map.entry("limit", e.refusal().metadata().getOrDefault("limit", "")));
      assertThat(e.refusal().message()).matches("[^\\p{Cc}]+");
      Statistics.collect("refusal");
    }
    Statistics.coverage(coverage -> {
      coverage.check("plan").percentage(percent -> percent > 5);
      coverage.check("refusal").percentage(percent -> percent > 5);
    });
  }

  @Property(tries = 200)
  void neverResolvesAPathOfTheSpecOutsideItsRoot(@ForAll("mountable") List<Mount> mounts) {
    ContainerSpec spec = Specs.least().addAllMounts(mounts).build();
    try {
      Plan plan = ContainerPlan.compile(spec, Specs.facts());
      for (Step step : plan.steps()) {
        if (step instanceof FileStep.Open open) {
          boolean trusted = open.resolve().contains(Flag.RESOLVE_NO_SYMLINKS);
          boolean inRoot = open.resolve().contains(Flag.RESOLVE_IN_ROOT);
          assertThat(trusted || inRoot).isTrue();
          assertThat(open.resolve()).contains(Flag.RESOLVE_NO_MAGICLINKS);
          assertThat(trusted).isEqualTo(open.directory() instanceof Argument.Here);
        }
      }
    } catch (RefusedException e) {
      assertThat(e.refusal().metadata()).containsKey("field");
    }
  }

  /** Every other field of the specification, alone and together. */
  private static Arbitrary<List<Consumer<ContainerSpec.Builder>>> changes() {
    return Combinators.combine(TEXT, PATH, Arbitraries.integers(), Arbitraries.longs())
        .flatAs((text, path, number, wide) -> Arbitraries.of(changes(text, path, number, wide)))
        .list()
        .ofMaxSize(3);
  }

  @SuppressWarnings("AvoidValueSetter") // numbers that are no value of the enum are sent, too
  private static List<Consumer<ContainerSpec.Builder>> changes(
      String text, String path, int number, long wide) {
    return List.of(
        spec -> spec.setOciVersion(text),
        spec -> spec.setDomainname(text),
        spec -> spec.getRootBuilder().setReadonly(true).setPath(path),
        spec -> spec.getRootBuilder().setTypeValue(number & 3),
        spec -> spec.getRootBuilder().getOverlayBuilder().setMediumValue(number & 3).setSize(wide),
        spec -> spec.getRootBuilder().getOverlayBuilder().setMediumValue(3).setDirectory(path),
        spec -> spec.putSysctl(text, text),
        spec -> spec.putSysctl("net.ipv4.ip_forward", text),
        spec -> spec.setCgroupParent(path),
        spec -> spec.putAnnotations(text, text),
        spec -> spec.setBundle(path),
        spec -> spec.setMountLabel(text),
        spec -> spec.setRootfsPropagationValue(number & 3),
        spec -> spec.getPersonalityBuilder().setDomain(text).addFlags(text),
        spec -> spec.getPersonalityBuilder().setDomain("LINUX32"),
        spec -> spec.getMemoryPolicyBuilder().setMode(text).setNodes(text).addFlags(text),
        spec -> spec.getMemoryPolicyBuilder().setMode("MPOL_BIND").setNodes("" + (number & 2047)),
        spec -> spec.addTimeOffsetsBuilder().setClock("monotonic").setSeconds(wide),
        spec -> spec.addTimeOffsetsBuilder().setClock(text).setNanoseconds(number),
        spec -> spec.addDevicesBuilder().setPath(path).setType("c").setMajor(wide).setMinor(number),
        spec -> spec.addDevicesBuilder().setPath(path).setType(text).setFileMode(number),
        spec -> spec.getUserNamespaceBuilder().setModeValue(number & 7),
        spec ->
            spec.addNamespaces(
                    Namespace.newBuilder().setType(Namespace.Type.USER).setPath(path).build())
                .getUserNamespaceBuilder()
                .setMode(UserNamespace.Mode.JOINED)
                .addGidMappingsBuilder()
                .setSize(number),
        spec -> spec.getResourcesBuilder().getMemoryBuilder().setLimit(wide).setSwap(number),
        spec -> spec.getResourcesBuilder().getCpuBuilder().setShares(wide).setCpus(text),
        spec -> spec.getResourcesBuilder().getPidsBuilder().setLimit(wide),
        spec -> spec.getResourcesBuilder().addDevicesBuilder().setType(text).setAccess(text),
        spec -> spec.getResourcesBuilder().addDevicesBuilder().setAllow(true).setMajor(wide),
        spec -> spec.getHooksBuilder().addCreateRuntimeBuilder().setPath(path).addArgs(text),
        spec -> spec.getHooksBuilder().addCreateContainerBuilder().setPath(path),
        spec -> spec.getHooksBuilder().addStartContainerBuilder().setPath(path).addEnv(text),
        spec -> spec.getSeccompBuilder().setDefaultAction("SCMP_ACT_ALLOW").addFlags(text),
        spec -> spec.getSeccompBuilder().setDefaultAction(text).addArchitectures(text),
        spec -> spec.getSeccompBuilder().setDefaultAction("SCMP_ACT_NOTIFY").setListenerPath(path),
        spec ->
            spec.getSeccompBuilder()
                .setDefaultAction("SCMP_ACT_ERRNO")
                .setDefaultErrno(number)
                .addRulesBuilder()
                .addNames("read")
                .setAction("SCMP_ACT_ALLOW")
                .addConditionsBuilder()
                .setIndex(number)
                .setValue(wide)
                .setOp("SCMP_CMP_EQ"),
        spec -> spec.getProcessBuilder().setTerminal(true).getConsoleSizeBuilder().setWidth(number),
        spec -> spec.getProcessBuilder().setUmask(number),
        spec -> spec.getProcessBuilder().setOomScoreAdj(number),
        spec -> spec.getProcessBuilder().setNoNewPrivileges(true),
        spec -> spec.getProcessBuilder().setApparmorProfile(text),
        spec -> spec.getProcessBuilder().setSelinuxLabel(text),
        spec -> spec.getProcessBuilder().getIoPriorityBuilder().setClass_(text).setPriority(number),
        spec -> spec.getProcessBuilder().getIoPriorityBuilder().setClass_("IOPRIO_CLASS_BE"),
        spec -> spec.getProcessBuilder().getSchedulerBuilder().setPolicy(text).setNice(number),
        spec -> spec.getProcessBuilder().getSchedulerBuilder().setPolicy("SCHED_DEADLINE"),
        spec ->
            spec.getProcessBuilder().getSchedulerBuilder().setPolicy("SCHED_FIFO").addFlags(text),
        spec -> spec.getProcessBuilder().setCpuAffinity(text),
        spec ->
            spec.addMountsBuilder().setDestination(path).addUidMappingsBuilder().setSize(number),
        spec ->
            spec.setUnknownFields(
                UnknownFieldSet.newBuilder()
                    .addField(9999, UnknownFieldSet.Field.newBuilder().addVarint(wide).build())
                    .build()));
  }

  @Provide
  Arbitrary<ContainerSpec> specs() {
    return Combinators.combine(
            processes(),
            mountable(),
            namespaces(),
            paths().list().ofMaxSize(3),
            TEXT,
            odds(),
            changes())
        .as((process, mounts, namespaces, masked, hostname, odd, changes) -> {
          ContainerSpec.Builder spec =
              Specs.least()
                  .setProcess(process)
                  .addAllMounts(mounts)
                  .addAllMaskedPaths(masked)
                  .addAllReadonlyPaths(masked);
          if (odd) {
            spec.setHostname(hostname).clearNamespaces().addAllNamespaces(namespaces);
          }
          changes.forEach(change -> change.accept(spec));
          return spec.build();
        });
  }

  private static Arbitrary<Boolean> odds() {
    return Arbitraries.frequency(net.jqwik.api.Tuple.of(4, false), net.jqwik.api.Tuple.of(1, true));
  }

  private static Arbitrary<String> paths() {
    return Arbitraries.frequencyOf(
        net.jqwik.api.Tuple.of(20, PATH), net.jqwik.api.Tuple.of(1, TEXT));
  }

  @Provide
  Arbitrary<List<Mount>> mountable() {
    Arbitrary<String> types =
        Arbitraries.of("tmpfs", "proc", "sysfs", "bind", "cgroup", "mqueue", "devpts");
    return Combinators.combine(paths(), types, paths(), OPTION.list().ofMaxSize(3))
        .as((destination, type, source, options) ->
            Specs.mount(destination, type, source, options.toArray(String[]::new)))
        .list()
        .ofMaxSize(4);
  }

  private static Arbitrary<List<Namespace>> namespaces() {
    return Arbitraries.of(Namespace.Type.class)
        .filter(type -> type != Namespace.Type.UNRECOGNIZED)
        .flatMap(type ->
            Arbitraries.of("", "", "/run/ns/a")
                .map(path -> Namespace.newBuilder().setType(type).setPath(path).build()))
        .list()
        .ofMaxSize(8);
  }

  private static Arbitrary<Process> processes() {
    Arbitrary<List<String>> arguments =
        Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(9, Arbitraries.of("a", "b c", "/a").list().ofMinSize(1)),
            net.jqwik.api.Tuple.of(1, TEXT.list().ofMaxSize(3)));
    Arbitrary<List<String>> env =
        Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(9, Arbitraries.of("A=b", "PATH=/a:b:/c", "C=").list()),
            net.jqwik.api.Tuple.of(1, TEXT.list().ofMaxSize(3)));
    return Combinators.combine(
            arguments, env, paths(), users(), limits(), capabilities(), terminals())
        .as((args, variables, cwd, user, rlimits, capabilities, terminal) ->
            Process.newBuilder()
                .addAllArgs(args)
                .addAllEnv(variables)
                .setCwd(cwd)
                .setUser(user)
                .addAllRlimits(rlimits)
                .setCapabilities(capabilities)
                .mergeFrom(terminal)
                .build());
  }

  private static Arbitrary<Process> terminals() {
    Process none = Process.getDefaultInstance();
    Process sized =
        Process.newBuilder()
            .setTerminal(true)
            .setConsoleSize(ConsoleSize.newBuilder().setHeight(24).setWidth(80))
            .build();
    return Arbitraries.of(none, none, sized, sized.toBuilder().clearConsoleSize().build());
  }

  private static Arbitrary<User> users() {
    Arbitrary<Integer> id = Arbitraries.of(0, 1, 1000, Integer.MIN_VALUE, -2);
    return Combinators.combine(id, id, id.list().ofMaxSize(3))
        .as((uid, gid, more) ->
            User.newBuilder().setUid(uid).setGid(gid).addAllAdditionalGids(more).build());
  }

  private static Arbitrary<List<Rlimit>> limits() {
    Arbitrary<String> types = Arbitraries.of("RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_AS");
    return types
        .map(type -> Rlimit.newBuilder().setType(type).setSoft(1).setHard(2).build())
        .list()
        .ofMaxSize(2);
  }

  private static Arbitrary<Capabilities> capabilities() {
    return Arbitraries.of("CAP_CHOWN", "CAP_KILL", "CAP_BPF")
        .list()
        .ofMaxSize(3)
        .map(names -> Specs.capabilities(names.toArray(String[]::new)));
  }
}
