package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.linux.SeccompAction.Kind;
import dev.caisson.linux.SeccompCondition.Comparison;
import dev.caisson.linux.abi.Architecture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Filters by what they answer. The numbers of the system calls are those of x86_64. */
final class LibseccompTest {
  private static final SeccompAction ALLOW = SeccompAction.of(Kind.ALLOW);
  private static final SeccompAction EPERM = new SeccompAction(Kind.ERRNO, 1);
  private static final SeccompAction ENOSYS = new SeccompAction(Kind.ERRNO, 38);
  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int CLONE = 56;

  private final Libseccomp compiler = new Libseccomp(new LinuxFiles());

  @BeforeEach
  void needsThisMachine() {
    assumeTrue(
        Architecture.current() == Architecture.X86_64,
        "Skipped: the expected numbers of calls are those of x86_64");
    assumeTrue(compiler.missing().isEmpty(), () -> "Skipped: " + compiler.missing().orElseThrow());
  }

  private static SeccompRule rule(String call, SeccompAction action, SeccompCondition... args) {
    return new SeccompRule(call, action, List.of(args));
  }

  private BpfMachine machine(SeccompAction other, SeccompRule... rules) {
    return new BpfMachine(
        compiler.compile(new SeccompProfile(other, List.of("x86", "x32"), List.of(rules))));
  }

  private static int bits(SeccompAction action) {
    return action.bits();
  }

  @Test
  void answersWhatTheRuleSaysAndElseTheDefault() {
    BpfMachine machine = machine(EPERM, rule("read", ALLOW), rule("write", ENOSYS));

    assertThat(machine.answer(BpfMachine.X86_64, READ)).isEqualTo(bits(ALLOW));
    assertThat(machine.answer(BpfMachine.X86_64, WRITE)).isEqualTo(bits(ENOSYS));
    assertThat(machine.answer(BpfMachine.X86_64, CLONE)).isEqualTo(bits(EPERM));
  }

  @Test
  void answersWithEachAction() {
    for (Kind kind : Kind.values()) {
      SeccompAction action = new SeccompAction(kind, kind == Kind.TRACE ? 7 : 0);
      SeccompAction other = kind == Kind.ALLOW ? EPERM : ALLOW;

      assertThat(machine(other, rule("read", action)).answer(BpfMachine.X86_64, READ))
          .as("%s", kind)
          .isEqualTo(bits(action));
      assertThat(machine(action, rule("read", other)).answer(BpfMachine.X86_64, WRITE))
          .as("%s by default", kind)
          .isEqualTo(bits(action));
    }
  }

  /** Those of i386 have other numbers: there 3 is read(2), and 0 is none that a program makes. */
  @Test
  void filtersEachArchitectureByItsOwnNumbers() {
    BpfMachine machine = machine(EPERM, rule("read", ALLOW));

    assertThat(machine.answer(BpfMachine.I386, 3)).isEqualTo(bits(ALLOW));
    assertThat(machine.answer(BpfMachine.I386, READ)).isEqualTo(bits(EPERM));
    assertThat(machine.answer(BpfMachine.X86_64, 0x4000_0000 | READ)).isEqualTo(bits(ALLOW));
  }

  /** As an old kernel would: C libraries know what to do then. */
  @Test
  void aCallThatIsNewerThanTheLibraryIsAbsent() {
    int newest = 1000;
    SeccompRule read = rule("read", ALLOW);

    assertThat(machine(EPERM, read).answer(BpfMachine.X86_64, newest)).isEqualTo(bits(ENOSYS));
    assertThat(machine(EPERM, read).answer(BpfMachine.X86_64, 0x4000_0000 | newest))
        .as("x32 has numbers of its own")
        .isEqualTo(bits(EPERM));
    assertThat(machine(EPERM, read).answer(BpfMachine.I386, newest)).isEqualTo(bits(EPERM));
    assertThat(machine(SeccompAction.of(Kind.KILL_PROCESS), read).answer(BpfMachine.X86_64, newest))
        .isEqualTo(Kind.KILL_PROCESS.bits());
    assertThat(machine(ALLOW, rule("read", EPERM)).answer(BpfMachine.X86_64, newest))
        .isEqualTo(bits(ALLOW));
  }

  @Test
  void everyCallThatTheLibraryKnowsHasTheDefault() {
    BpfMachine machine = machine(EPERM, rule("read", ALLOW));
    long refused =
        IntStream.range(1, 440)
            .filter(call -> machine.answer(BpfMachine.X86_64, call) == bits(EPERM))
            .count();

    assertThat(refused).isEqualTo(439);
  }

  @Test
  void endsTheThreadOfAnArchitectureThatIsNotListed() {
    BpfMachine native64 =
        new BpfMachine(
            compiler.compile(new SeccompProfile(EPERM, List.of(), List.of(rule("read", ALLOW)))));

    assertThat(native64.answer(BpfMachine.X86_64, READ)).isEqualTo(bits(ALLOW));
    assertThat(native64.answer(BpfMachine.I386, 3)).isEqualTo(Kind.KILL_THREAD.bits());
  }

  @Test
  void comparesUnsignedInSixtyFourBits() {
    for (Comparison comparison : Comparison.values()) {
      long[] values = {0, 1, 5, 6, 7, 0xffff_ffffL, 0x1_0000_0006L, Long.MIN_VALUE, -1};
      SeccompCondition condition = new SeccompCondition(2, comparison, 6, 4);
      BpfMachine machine = machine(EPERM, rule("read", ALLOW, condition));
      for (long value : values) {
        assertThat(machine.answer(BpfMachine.X86_64, READ, 0, 0, value) == bits(ALLOW))
            .as("%s %s 6", value, comparison)
            .isEqualTo(holds(comparison, value));
      }
    }
  }

  private static boolean holds(Comparison comparison, long value) {
    int order = Long.compareUnsigned(value, 6);
    return switch (comparison) {
      case NOT_EQUAL -> order != 0;
      case LESS -> order < 0;
      case LESS_OR_EQUAL -> order <= 0;
      case EQUAL -> order == 0;
      case GREATER_OR_EQUAL -> order >= 0;
      case GREATER -> order > 0;
      case MASKED_EQUAL -> (value & 6) == 4;
    };
  }

  @Test
  void requiresEveryConditionOfARule() {
    BpfMachine machine =
        machine(
            EPERM,
            rule(
                "read",
                ALLOW,
                new SeccompCondition(0, Comparison.EQUAL, 1, 0),
                new SeccompCondition(5, Comparison.LESS, 3, 0)));

    assertThat(machine.answer(BpfMachine.X86_64, READ, 1, 0, 0, 0, 0, 2)).isEqualTo(bits(ALLOW));
    assertThat(machine.answer(BpfMachine.X86_64, READ, 1, 0, 0, 0, 0, 3)).isEqualTo(bits(EPERM));
    assertThat(machine.answer(BpfMachine.X86_64, READ, 2, 0, 0, 0, 0, 2)).isEqualTo(bits(EPERM));
  }

  @Test
  void aRuleThatIsThereAlreadyChangesNothing() {
    SeccompCondition one = new SeccompCondition(0, Comparison.EQUAL, 1, 0);
    BpfMachine machine =
        machine(EPERM, rule("read", ALLOW), rule("read", ALLOW), rule("read", ALLOW, one));

    assertThat(machine.answer(BpfMachine.X86_64, READ)).isEqualTo(bits(ALLOW));
  }

  @Test
  void ofRulesThatContradictEachOtherTheFirstHolds() {
    SeccompRule allow = rule("read", ALLOW);
    SeccompRule refuse = rule("read", ENOSYS);

    assertThat(machine(EPERM, allow, refuse).answer(BpfMachine.X86_64, READ))
        .isEqualTo(bits(ALLOW));
    assertThat(machine(EPERM, refuse, allow).answer(BpfMachine.X86_64, READ))
        .isEqualTo(bits(ENOSYS));
  }

  @Test
  void aRuleThatSaysWhatTheDefaultSaysIsNone() {
    assertThat(
            machine(EPERM, rule("read", EPERM), rule("write", ALLOW))
                .answer(BpfMachine.X86_64, READ))
        .isEqualTo(bits(EPERM));
  }

  @Test
  void saysWhatItDoesNotKnow() {
    SeccompFilter filter =
        compiler.compile(
            new SeccompProfile(
                EPERM,
                List.of("x86", "pdp11", "s390x"),
                List.of(rule("read", ALLOW), rule("no_such_call", ALLOW))));

    assertThat(filter.skipped()).containsExactly("pdp11", "s390x", "no_such_call");
    assertThat(new BpfMachine(filter).answer(BpfMachine.X86_64, READ)).isEqualTo(bits(ALLOW));
  }

  /** Of the same byte order, so that the library would take them, and take longer for each. */
  @Test
  void skipsArchitecturesOfOtherMachines() {
    List<String> others = List.of("aarch64", "arm", "mipsel64", "ppc64le", "riscv64");

    assertThat(compiler.compile(new SeccompProfile(EPERM, others, List.of())).skipped())
        .isEqualTo(others);
  }

  @Test
  void looksCallsUpInATree() {
    SeccompRule[] rules =
        List.of(
                "read",
                "write",
                "open",
                "close",
                "stat",
                "fstat",
                "lstat",
                "poll",
                "lseek",
                "mmap",
                "mprotect",
                "munmap",
                "brk",
                "ioctl",
                "pread64",
                "pwrite64",
                "readv",
                "writev",
                "access",
                "pipe",
                "select",
                "mremap",
                "msync",
                "mincore",
                "madvise",
                "dup")
            .stream()
            .map(name -> rule(name, ALLOW))
            .toArray(SeccompRule[]::new);

    // Only a tree compares by "greater": the constants of the attribute are right.
    assertThat(compiler.asCompiled(new SeccompProfile(EPERM, List.of(), List.of(rules))))
        .satisfies(filter -> assertThat(codes(filter)).contains((short) 0x25));
  }

  private static List<Short> codes(SeccompFilter filter) {
    var bytes = filter.instructions().order(java.nio.ByteOrder.LITTLE_ENDIAN);
    return IntStream.range(0, bytes.limit() / 8).mapToObj(i -> bytes.getShort(8 * i)).toList();
  }

  @Test
  void refusesAFilterThatTheKernelWouldRefuse() {
    List<SeccompRule> rules = new ArrayList<>();
    for (int i = 0; i <= SeccompFilter.MAX_INSTRUCTIONS; i++) {
      rules.add(rule("read", ALLOW, new SeccompCondition(0, Comparison.EQUAL, i, 0)));
    }

    assertErrno(Errno.E2BIG, () -> compiler.compile(new SeccompProfile(EPERM, List.of(), rules)));
  }

  @Test
  void valuesOutsideTheirRangeAreNoValues() {
    assertThatThrownBy(() -> new SeccompAction(Kind.ERRNO, 4096))
        .hasMessage("data of ERRNO must be 0 to 4095: 4096");
    assertThatThrownBy(() -> new SeccompAction(Kind.ALLOW, 1))
        .hasMessage("data of ALLOW must be 0 to 0: 1");
    assertThatThrownBy(() -> new SeccompCondition(6, Comparison.EQUAL, 0, 0))
        .hasMessage("argument must be 0 to 5: 6");
    SeccompCondition same = new SeccompCondition(1, Comparison.EQUAL, 0, 0);
    assertThatThrownBy(() -> rule("read", ALLOW, same, same))
        .hasMessageContaining("different arguments");
  }

  /** Whatever the profile: a filter or an error, and nothing left open. */
  @Test
  void survivesAnyProfileAndLeavesNothing() throws Exception {
    Random random = new Random(1); // the same profiles each time
    var _ = outcome(random);
    long before = openDescriptors();
    int filters = 0;
    for (int i = 0; i < 300; i++) {
      filters += outcome(random) ? 1 : 0;
    }

    assertThat(filters).isBetween(100, 300);
    assertThat(openDescriptors()).isEqualTo(before);
  }

  private boolean outcome(Random random) {
    List<SeccompRule> rules =
        IntStream.range(0, random.nextInt(30)).mapToObj(i -> anyRule(random)).toList();
    List<String> architectures = random.ints(3, 0, NAMES.size()).mapToObj(NAMES::get).toList();
    try {
      SeccompFilter filter =
          compiler.compile(new SeccompProfile(anyAction(random), architectures, rules));
      assertThat(filter.instructions().remaining() % 8).isZero();
      var _ = new BpfMachine(filter).answer(BpfMachine.X86_64, READ, random.nextLong());
      return true;
    } catch (LinuxException e) {
      assertThat(e.errno()).isNotEqualTo(Errno.UNKNOWN);
      return false;
    }
  }

  private static final List<String> NAMES =
      List.of(
          "read",
          "write",
          "clone",
          "socketcall",
          "ipc",
          "accept",
          "semtimedop",
          "personality",
          "x86",
          "x32",
          "arm",
          "aarch64",
          "mips",
          "s390x",
          "riscv64",
          "",
          "é",
          "-1",
          "246",
          "a b",
          "x".repeat(5000));

  private static SeccompRule anyRule(Random random) {
    List<SeccompCondition> conditions =
        random
            .ints(random.nextInt(4), 0, 6)
            .distinct()
            .mapToObj(argument ->
                new SeccompCondition(
                    argument,
                    any(random, Comparison.values()),
                    random.nextLong() >>> random.nextInt(64),
                    random.nextLong()))
            .toList();
    return new SeccompRule(NAMES.get(random.nextInt(NAMES.size())), anyAction(random), conditions);
  }

  private static SeccompAction anyAction(Random random) {
    Kind kind = any(random, Kind.values());
    boolean carries = kind == Kind.ERRNO || kind == Kind.TRACE;
    return new SeccompAction(kind, carries ? random.nextInt(4096) : 0);
  }

  private static <T> T any(Random random, T[] values) {
    return List.of(values).get(random.nextInt(values.length));
  }

  private static long openDescriptors() throws Exception {
    try (var numbers = java.nio.file.Files.list(Path.of("/proc/self/fd"))) {
      return numbers.count();
    }
  }
}
