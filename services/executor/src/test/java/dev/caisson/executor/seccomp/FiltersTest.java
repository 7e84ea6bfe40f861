package dev.caisson.executor.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.executor.plan.Filter;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.SeccompAction;
import dev.caisson.linux.SeccompCompiler;
import dev.caisson.linux.SeccompCondition;
import dev.caisson.linux.SeccompCondition.Comparison;
import dev.caisson.linux.SeccompFilter;
import dev.caisson.linux.SeccompProfile;
import dev.caisson.linux.SeccompRule;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Seccomp;
import dev.caisson.proto.types.v1.Seccomp.Condition;
import dev.caisson.proto.types.v1.Seccomp.SyscallRule;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class FiltersTest {
  /** Remembers what it is given; each of its filters is another. */
  private static final class FakeCompiler implements SeccompCompiler {
    private final List<SeccompProfile> profiles = new ArrayList<>();
    private Optional<String> missing = Optional.empty();
    private Optional<Errno> failure = Optional.empty();

    @Override
    public Optional<String> missing() {
      return missing;
    }

    private Runnable before = () -> {};

    @Override
    public SeccompFilter compile(SeccompProfile profile) {
      before.run();
      failure.ifPresent(errno -> {
        throw new LinuxException("compile", "a filter", errno);
      });
      profiles.add(profile);
      return new SeccompFilter(
          ByteBuffer.allocate(16).putInt(0, profiles.size()), List.of("no_such_call"));
    }
  }

  private final FakeCompiler compiler = new FakeCompiler();
  private final Filters filters = new Filters(compiler);

  private static Seccomp seccomp(int errno) {
    return Seccomp.newBuilder()
        .setDefaultAction("SCMP_ACT_ALLOW")
        .addRules(
            SyscallRule.newBuilder().addNames("bpf").setAction("SCMP_ACT_ERRNO").setErrno(errno))
        .build();
  }

  @Test
  void compilesEachProfileOnce() {
    Filter first = filters.of(seccomp(1));

    assertThat(filters.of(seccomp(1))).isSameAs(first);
    assertThat(filters.of(seccomp(2))).isNotEqualTo(first);
    assertThat(compiler.profiles).hasSize(2);
    assertThat(first.length()).isEqualTo(2);
    assertThat(first.sha256().size()).isEqualTo(32);
    assertThat(first.skipped()).containsExactly("no_such_call");
  }

  @Test
  void forgetsTheProfileThatWasNotAskedForLongest() {
    for (int i = 0; i < Filters.CAPACITY; i++) {
      var _ = filters.of(seccomp(i));
    }
    var _ = filters.of(seccomp(0));
    var _ = filters.of(seccomp(Filters.CAPACITY));
    assertThat(compiler.profiles).hasSize(Filters.CAPACITY + 1);

    var _ = filters.of(seccomp(0));
    assertThat(compiler.profiles).hasSize(Filters.CAPACITY + 1);
    var _ = filters.of(seccomp(1));
    assertThat(compiler.profiles).hasSize(Filters.CAPACITY + 2);
  }

  /** Whoever asks for how many others. */
  @Test
  void neverForgetsTheUsualOnes() {
    filters.prepare();
    int usual = compiler.profiles.size();
    assertThat(usual).isEqualTo(UsualProfiles.ofThisMachine().size()).isPositive();
    for (int i = 0; i < 2 * Filters.CAPACITY; i++) {
      var _ = filters.of(seccomp(i));
    }

    UsualProfiles.ofThisMachine().forEach(filters::of);

    assertThat(compiler.profiles).hasSize(usual + 2 * Filters.CAPACITY);
  }

  @Test
  void whoAsksForWhatIsKnownDoesNotWaitForACompilation() throws Exception {
    Filters impatient = new Filters(compiler, Duration.ZERO);
    impatient.prepare();
    Filter known = impatient.of(seccomp(1));
    CountDownLatch compiling = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    compiler.before =
        () -> {
          compiling.countDown();
          awaited(release);
        };
    Thread slow = Thread.ofPlatform().start(() -> impatient.of(seccomp(2)));
    compiling.await();

    assertThat(impatient.of(seccomp(1))).isSameAs(known);
    assertThat(UsualProfiles.ofThisMachine()).allSatisfy(impatient::of);
    assertThatThrownBy(() -> impatient.of(seccomp(3)))
        .asInstanceOf(throwable(RefusedException.class))
        .satisfies(
            e -> assertThat(e.refusal().metadata()).containsEntry("limit", "seccomp.compiling"));

    release.countDown();
    slow.join();
  }

  private static void awaited(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Of every shape that the guard lets pass, the slowest that was found. */
  @Test
  void theLargestFilterTakesNoTime() {
    SeccompCompiler library = SeccompCompiler.ofLibrary(Kernel.open().files());
    assumeTrue(library.missing().isEmpty(), () -> "Skipped: " + library.missing().orElseThrow());
    Seccomp.Builder largest =
        Seccomp.newBuilder()
            .setDefaultAction("SCMP_ACT_ERRNO")
            .addAllArchitectures(UsualProfiles.ofThisMachine().getFirst().getArchitecturesList())
            .addRules(SyscallRule.newBuilder().addNames("execve").setAction("SCMP_ACT_ALLOW"));
    for (int i = 0; i < 32; i++) {
      SyscallRule.Builder rule = largest.addRulesBuilder();
      rule.addNames("socket").setAction("SCMP_ACT_ERRNO").setErrno(2 + i);
      for (int argument = 0; argument < 6; argument++) {
        rule.addConditions(
            condition(argument, "SCMP_CMP_GT", i * 0x1_0000_0001L + argument * 7919L, 0));
      }
    }

    assertTimeoutPreemptively(
        Duration.ofSeconds(10), () -> new Filters(library).of(largest.build()));
  }

  @Test
  void saysWhichPackageIsMissing() {
    compiler.missing = Optional.of("install libseccomp2");

    assertRefused(Reason.HOST_UNSUPPORTED, "install libseccomp2");
    filters.prepare();
    assertThat(compiler.profiles).isEmpty();
  }

  @Test
  void saysThatAFilterIsTooLong() {
    compiler.failure = Optional.of(Errno.E2BIG);

    assertRefused(Reason.INVALID_SPEC, "seccomp must compile to at most 4096 instructions: more");
  }

  @Test
  void saysWhatTheLibraryDoesNotTake() {
    compiler.failure = Optional.of(Errno.EINVAL);

    assertRefused(
        Reason.INVALID_SPEC,
        "seccomp must be what libseccomp takes: Failed to compile a filter: EINVAL (22)");
  }

  private void assertRefused(Reason reason, String message) {
    assertThatThrownBy(() -> filters.of(seccomp(1)))
        .asInstanceOf(throwable(RefusedException.class))
        .satisfies(e -> {
          assertThat(e.refusal().reason()).isEqualTo(reason);
          assertThat(e.refusal().message()).isEqualTo(message);
          assertThat(e.refusal().metadata()).containsEntry("field", "seccomp");
        });
  }

  @Test
  void givesTheCompilerWhatTheSpecificationSays() {
    var _ =
        filters.of(
            Seccomp.newBuilder()
                .setDefaultAction("SCMP_ACT_TRACE")
                .addArchitectures("SCMP_ARCH_X32")
                .addRules(
                    SyscallRule.newBuilder()
                        .addNames("read")
                        .addNames("write")
                        .setAction("SCMP_ACT_KILL")
                        .addConditions(condition(1, "SCMP_CMP_MASKED_EQ", 6, 4))
                        .addConditions(condition(2, "SCMP_CMP_NE", -1, 0)))
                .build());

    SeccompProfile profile = compiler.profiles.getFirst();
    assertThat(profile.other()).isEqualTo(new SeccompAction(SeccompAction.Kind.TRACE, 1));
    assertThat(profile.architectures()).containsExactly("x32");
    List<SeccompCondition> both =
        List.of(
            new SeccompCondition(1, Comparison.MASKED_EQUAL, 6, 4),
            new SeccompCondition(2, Comparison.NOT_EQUAL, -1, 0));
    SeccompAction kill = SeccompAction.of(SeccompAction.Kind.KILL_THREAD);
    assertThat(profile.rules())
        .containsExactly(new SeccompRule("read", kill, both), new SeccompRule("write", kill, both));
  }

  /** As engines mean it: no filter can ask two things of one argument. */
  @Test
  void conditionsOnOneArgumentAreAlternatives() {
    var _ =
        filters.of(
            Seccomp.newBuilder()
                .setDefaultAction("SCMP_ACT_ALLOW")
                .addRules(
                    SyscallRule.newBuilder()
                        .addNames("read")
                        .setAction("SCMP_ACT_ERRNO")
                        .addConditions(condition(1, "SCMP_CMP_GE", 5, 0))
                        .addConditions(condition(1, "SCMP_CMP_LE", 9, 0)))
                .build());

    SeccompAction eperm = new SeccompAction(SeccompAction.Kind.ERRNO, 1);
    assertThat(compiler.profiles.getFirst().rules())
        .containsExactly(
            new SeccompRule(
                "read", eperm, List.of(new SeccompCondition(1, Comparison.GREATER_OR_EQUAL, 5, 0))),
            new SeccompRule(
                "read", eperm, List.of(new SeccompCondition(1, Comparison.LESS_OR_EQUAL, 9, 0))));
  }

  private static Condition condition(int index, String op, long value, long two) {
    return Condition.newBuilder()
        .setIndex(index)
        .setOp(op)
        .setValue(value)
        .setValueTwo(two)
        .build();
  }
}
