package dev.caisson.linux;

import dev.caisson.linux.abi.Architecture;
import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.ScmpArgCmp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * {@link SeccompCompiler} by libseccomp(3). One compilation at a time: the library keeps what it
 * finds out about the kernel in variables of its own.
 */
final class Libseccomp implements SeccompCompiler {
  /** One more than a filter may have shows that it is too long. */
  private static final int ROOM =
      (SeccompFilter.MAX_INSTRUCTIONS + 1) * SeccompFilter.INSTRUCTION_BYTES;

  /** More than any kernel has: numbers above 450 are given out one or two a year. */
  private static final int MOST_CALLS = 1024;

  /** Whose calls a process of this machine can make. The library would compile others too. */
  private static final Set<String> MACHINE =
      switch (Architecture.current()) {
        case X86_64 -> Set.of("x86_64", "x86", "x32");
        case AARCH64 -> Set.of("aarch64", "arm");
      };

  private final Files files;

  /** Of this machine's architecture; 0: not looked for yet. */
  private int newest;

  Libseccomp(Files files) {
    this.files = files;
  }

  @Override
  public Optional<String> missing() {
    List<String> absent = Downcalls.missingSeccompSymbols();
    return absent.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "libseccomp.so.2 of version 2.5 or newer is needed for system call filters: install"
                + " Debian's package libseccomp2 (absent: "
                + String.join(", ", absent)
                + ").");
  }

  @Override
  public SeccompFilter compile(SeccompProfile profile) {
    SeccompFilter compiled = asCompiled(profile);
    return new SeccompFilter(SmallerFilter.of(compiled.instructions()), compiled.skipped());
  }

  /** As the library makes it. */
  synchronized SeccompFilter asCompiled(SeccompProfile profile) {
    missing()
        .ifPresent(sentence -> {
          throw new LinuxException("compile", "a system call filter. " + sentence, Errno.ENOSYS);
        });
    MemorySegment context = Downcalls.seccompInit(profile.other().bits());
    if (context.equals(MemorySegment.NULL)) {
      throw new LinuxException("make", "a system call filter", Errno.EINVAL);
    }
    if (newest == 0) {
      newest = IntStream.range(0, MOST_CALLS).filter(Downcalls::seccompKnows).max().orElse(0);
    }
    try (Arena arena = Arena.ofConfined()) {
      return new Compilation(arena, context, profile).filter();
    } finally {
      Downcalls.seccompRelease(context);
    }
  }

  /** Of one profile, while the library's context lives. */
  private final class Compilation {
    private final Arena arena;
    private final MemorySegment context;
    private final SeccompProfile profile;
    private final Set<String> skipped = new LinkedHashSet<>();

    Compilation(Arena arena, MemorySegment context, SeccompProfile profile) {
      this.arena = arena;
      this.context = context;
      this.profile = profile;
    }

    SeccompFilter filter() {
      // A tree instead of a chain: a dozen comparisons for each call, not hundreds. Older libraries
      // answer EINVAL or EEXIST, and make a chain.
      var _ =
          Downcalls.seccompAttrSet(
              context, Constants.SCMP_FLTATR_CTL_OPTIMIZE, Constants.SCMP_OPTIMIZE_BINARY_TREE);
      profile.architectures().forEach(this::add);
      profile.rules().forEach(this::add);
      return new SeccompFilter(export(), List.copyOf(skipped));
    }

    private void add(String architecture) {
      if (!MACHINE.contains(architecture)) {
        skipped.add(architecture);
        return;
      }
      int token = Downcalls.seccompArchResolveName(CString.in(arena, architecture));
      int result = token == 0 ? -Errno.EINVAL.number() : Downcalls.seccompArchAdd(context, token);
      if (!Outcome.is(result, Errno.EEXIST)) {
        Outcome.require(result, "filter system calls of", architecture);
      }
    }

    private void add(SeccompRule rule) {
      if (rule.action().equals(profile.other())) {
        return; // says nothing new, and the library would answer EACCES
      }
      int call = Downcalls.seccompSyscallResolveName(CString.in(arena, rule.call()));
      if (call == Constants.NR_SCMP_ERROR) {
        skipped.add(rule.call());
        return;
      }
      int result =
          Downcalls.seccompRuleAddArray(
              context,
              rule.action().bits(),
              call,
              rule.conditions().size(),
              conditions(rule.conditions()));
      if (!Outcome.is(result, Errno.EEXIST)) {
        Outcome.require(result, "filter system call", rule.call());
      }
    }

    private MemorySegment conditions(List<SeccompCondition> conditions) {
      MemorySegment array = ScmpArgCmp.array(arena, conditions.size());
      for (int i = 0; i < conditions.size(); i++) {
        SeccompCondition condition = conditions.get(i);
        ScmpArgCmp.set(
            array,
            i,
            condition.argument(),
            condition.comparison().number(),
            condition.value(),
            condition.masked());
      }
      return array;
    }

    private ByteBuffer export() {
      try (Fd memory = files.memory("seccomp", 0)) {
        long result = memory.use(number -> Downcalls.seccompExportBpf(context, number));
        Outcome.require(result, "compile", "a system call filter");
        ByteBuffer bytes = ByteBuffer.allocate(ROOM);
        bytes.put(NewerCalls.prologue(profile.other(), newest));
        int start = bytes.position();
        while (bytes.hasRemaining() && files.readAt(memory, bytes, bytes.position() - start) > 0) {}
        if (!bytes.hasRemaining()) {
          throw new LinuxException("compile", "a system call filter", Errno.E2BIG);
        }
        return ByteBuffer.wrap(bytes.array(), 0, bytes.position()).slice();
      }
    }
  }
}
