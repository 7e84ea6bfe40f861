package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.User;
import java.util.List;
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
                  "strictatime")),
          net.jqwik.api.Tuple.of(1, TEXT));

  @Property(tries = 400)
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
                : java.util.Optional.empty());
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
      assertThat(e.refusal().message()).matches("[^\\p{Cntrl}]+");
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

  @Provide
  Arbitrary<ContainerSpec> specs() {
    return Combinators.combine(
            processes(), mountable(), namespaces(), paths().list().ofMaxSize(3), TEXT, odds())
        .as((process, mounts, namespaces, masked, hostname, odd) -> {
          ContainerSpec.Builder spec =
              Specs.least()
                  .setProcess(process)
                  .addAllMounts(mounts)
                  .addAllMaskedPaths(masked)
                  .addAllReadonlyPaths(masked);
          if (odd) {
            spec.setHostname(hostname).clearNamespaces().addAllNamespaces(namespaces);
          }
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
        .map(type -> Namespace.newBuilder().setType(type).build())
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
