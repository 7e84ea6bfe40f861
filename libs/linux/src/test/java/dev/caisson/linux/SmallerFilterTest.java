package dev.caisson.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.linux.Bpf.Instruction;
import dev.caisson.linux.SeccompAction.Kind;
import dev.caisson.linux.SeccompCondition.Comparison;
import dev.caisson.linux.abi.Architecture;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is made smaller answers as before, to whatever system call. */
final class SmallerFilterTest {
  private static final SeccompAction ALLOW = SeccompAction.of(Kind.ALLOW);
  private static final SeccompAction EPERM = new SeccompAction(Kind.ERRNO, 1);

  /** Calls of x86_64 that neighbour each other, and some that the other architectures have. */
  private static final List<String> CALLS =
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
          "clone",
          "personality",
          "socketcall",
          "ipc",
          "futex_waitv",
          "openat2",
          "clone3",
          "process_madvise",
          "memfd_secret",
          "set_mempolicy_home_node",
          "cachestat");

  private final Libseccomp compiler = new Libseccomp(new LinuxFiles());

  @BeforeEach
  void needsALibrary() {
    assumeTrue(compiler.missing().isEmpty(), () -> "Skipped: " + compiler.missing().orElseThrow());
    assumeTrue(
        Architecture.current() == Architecture.X86_64,
        "Skipped: the expected numbers of calls are those of x86_64");
  }

  private static SeccompProfile profile(SeccompAction other, List<SeccompRule> rules) {
    return new SeccompProfile(other, List.of("x86", "x32"), rules);
  }

  private static SeccompRule allow(String call, SeccompCondition... conditions) {
    return new SeccompRule(call, ALLOW, List.of(conditions));
  }

  /** The number of instructions. */
  private int answersTheSame(SeccompProfile profile, Random random) {
    ByteBuffer before = compiler.asCompiled(profile).instructions();
    ByteBuffer after = SmallerFilter.of(before);
    BpfMachine original = new BpfMachine(new SeccompFilter(before, List.of()));
    BpfMachine smaller = new BpfMachine(new SeccompFilter(after, List.of()));
    long[] arguments = arguments(before);
    for (int architecture : List.of(BpfMachine.X86_64, BpfMachine.I386, 0, 1, -1, 0xc000_00b7)) {
      for (int call : calls(before)) {
        long[] some = random.ints(6, 0, arguments.length).mapToLong(i -> arguments[i]).toArray();
        assertThat(smaller.answer(architecture, call, some))
            .as(
                "%x: call %d of %x with %s",
                architecture, call, architecture, Arrays.toString(some))
            .isEqualTo(original.answer(architecture, call, some));
      }
    }
    return smaller.instructions();
  }

  /** Those around each number that is compared with, and all that there are. */
  private static Set<Integer> calls(ByteBuffer program) {
    Set<Integer> calls = new TreeSet<>();
    IntStream.range(-2, 600).forEach(calls::add);
    for (Instruction one : Bpf.decode(program)) {
      calls.addAll(List.of(one.operand() - 1, one.operand(), one.operand() + 1));
    }
    return calls;
  }

  private static long[] arguments(ByteBuffer program) {
    List<Long> values = new ArrayList<>(List.of(0L, 1L, -1L, Long.MIN_VALUE));
    for (Instruction high : Bpf.decode(program)) {
      for (Instruction low : List.of(Instruction.of(0, 0), high)) {
        long value = Integer.toUnsignedLong(high.operand()) << 32 | low.operand();
        values.addAll(List.of(value, value + 1, value - 1, value >>> 32));
      }
    }
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  @Test
  void neighboursAreOneRange() {
    List<SeccompRule> rules = CALLS.stream().limit(16).map(call -> allow(call)).toList();
    SeccompProfile profile = new SeccompProfile(EPERM, List.of(), rules);

    assertThat(compiler.asCompiled(profile).instructions().remaining() / 8).isGreaterThan(30);
    // Architecture, number, up to 17, from x32 on, above the newest, the actions.
    assertThat(answersTheSame(profile, new Random(1))).isLessThan(15);
  }

  @Test
  void argumentsDecideAsBefore() {
    Random random = new Random(2); // the same arguments each time
    for (Comparison comparison : Comparison.values()) {
      SeccompCondition flags = new SeccompCondition(0, comparison, 0x7e02_0000, 0);
      SeccompCondition wide = new SeccompCondition(3, comparison, 0x1_0000_0007L, 3);
      List<SeccompRule> rules =
          List.of(allow("clone", flags), allow("read", flags, wide), allow("write", wide));
      for (int i = 0; i < 30; i++) {
        assertThat(answersTheSame(profile(EPERM, rules), random)).isPositive();
      }
    }
  }

  @Test
  void answersAnyProfileTheSame() {
    Random random = new Random(3); // the same profiles each time
    for (int i = 0; i < 150; i++) {
      List<SeccompRule> rules =
          random
              .ints(random.nextInt(60), 0, CALLS.size())
              .mapToObj(CALLS::get)
              .distinct()
              .flatMap(call -> anyRules(call, random))
              .toList();
      assertThat(answersTheSame(profile(anyAction(random), rules), random)).isPositive();
    }
  }

  private static Stream<SeccompRule> anyRules(String call, Random random) {
    SeccompAction action = anyAction(random);
    return IntStream.rangeClosed(0, random.nextInt(4))
        .mapToObj(i ->
            new SeccompRule(
                call,
                action,
                random
                    .ints(random.nextInt(3), 0, 6)
                    .distinct()
                    .mapToObj(argument -> anyCondition(argument, random))
                    .toList()));
  }

  private static SeccompCondition anyCondition(int argument, Random random) {
    Comparison[] comparisons = Comparison.values();
    return new SeccompCondition(
        argument,
        comparisons[random.nextInt(comparisons.length)],
        random.nextLong() >>> random.nextInt(64),
        random.nextInt(8));
  }

  private static SeccompAction anyAction(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> ALLOW;
      case 1 -> EPERM;
      case 2 -> SeccompAction.of(Kind.KILL_PROCESS);
      default -> new SeccompAction(Kind.ERRNO, random.nextInt(3));
    };
  }

  /** Skips of conditions have 8 bits. */
  @Test
  void answersFarAwayAreReached() {
    List<SeccompRule> rules = new ArrayList<>(values(300));
    CALLS.stream()
        .filter(call -> !call.equals("read"))
        .map(call -> allow(call))
        .forEach(rules::add);
    SeccompProfile profile = profile(EPERM, rules);

    assertThat(answersTheSame(profile, new Random(4)))
        .isBetween(Bpf.MAX_SKIP, compiler.asCompiled(profile).instructions().remaining() / 8 - 1);
  }

  private static List<SeccompRule> values(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> allow("read", new SeccompCondition(0, Comparison.EQUAL, 3L * i, 0)))
        .toList();
  }

  @Test
  void moreConditionsThanAStackHasRoomForStayAsTheyAre() {
    ByteBuffer program = compiler.asCompiled(profile(EPERM, values(900))).instructions();

    assertThat(SmallerFilter.of(program)).isEqualTo(program);
  }

  @Test
  void whatIsNotFollowedStaysAsItIs() {
    List<Instruction> instructions =
        List.of(
            Instruction.of(0x28, 0), // a half word
            Instruction.of(0x02, 0), // a store
            Instruction.of(Bpf.JUMP, 100)); // leads out
    for (Instruction unusual : instructions) {
      ByteBuffer program =
          Bpf.encode(
              Instruction.of(Bpf.LOAD, Bpf.NUMBER),
              new Instruction(Bpf.JUMP_IF_EQUAL, 1, 0, 1),
              Instruction.of(Bpf.JUMP, 0),
              unusual,
              Instruction.of(Bpf.RETURN, ALLOW.bits()));

      assertThat(SmallerFilter.of(program)).isEqualTo(program);
    }
  }

  @Test
  void bitsOfNumbersAreNotFollowed() {
    for (int offset : List.of(Bpf.NUMBER, Bpf.ARCHITECTURE)) {
      for (Instruction unusual :
          List.of(new Instruction(Bpf.JUMP_IF_ANY_BIT, 1, 0, 1), Instruction.of(Bpf.AND, 0xff))) {
        ByteBuffer program =
            Bpf.encode(
                Instruction.of(Bpf.LOAD, offset),
                unusual,
                Instruction.of(Bpf.JUMP, 0),
                Instruction.of(Bpf.RETURN, ALLOW.bits()));

        assertThat(SmallerFilter.of(program)).isEqualTo(program);
      }
    }
  }
}
