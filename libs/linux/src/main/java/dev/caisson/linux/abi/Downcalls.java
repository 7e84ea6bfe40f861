package dev.caisson.linux.abi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Every native call of this system.
 *
 * <p>System calls go through the C library's {@code syscall}: one shape to link, one to review, the
 * kernel's own structures. posix_spawn(3) is the exception, since starting a process safely from
 * many threads is more than one system call; and libseccomp(3), a compiler that makes none.
 */
@SuppressWarnings("restricted") // the one class that may: each use below says why it is safe
public final class Downcalls {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final List<String> MISSING = new ArrayList<>();

  /** Of version 2.5 of libseccomp. */
  private static final List<String> SECCOMP_SYMBOLS =
      List.of(
          "seccomp_syscall_resolve_num_arch",
          "seccomp_init",
          "seccomp_release",
          "seccomp_arch_add",
          "seccomp_arch_resolve_name",
          "seccomp_syscall_resolve_name",
          "seccomp_attr_set",
          "seccomp_rule_add_array",
          "seccomp_export_bpf");

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final long ERRNO = STATE.byteOffset(PathElement.groupElement("errno"));

  /** long syscall(long number, ...) */
  private static final MethodHandle SYSCALL =
      link(
          "syscall",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
              JAVA_LONG),
          Linker.Option.firstVariadicArg(1),
          Linker.Option.captureCallState("errno"));

  /** int posix_spawn(pid_t *, const char *, const file_actions *, const attr *, argv, envp) */
  private static final MethodHandle POSIX_SPAWN =
      link("posix_spawn", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);

  private static final MethodHandle POSIX_SPAWN_FILE_ACTIONS_INIT =
      link("posix_spawn_file_actions_init", ADDRESS);
  private static final MethodHandle POSIX_SPAWN_FILE_ACTIONS_DESTROY =
      link("posix_spawn_file_actions_destroy", ADDRESS);
  private static final MethodHandle POSIX_SPAWN_FILE_ACTIONS_ADDDUP2 =
      link("posix_spawn_file_actions_adddup2", ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle POSIX_SPAWN_FILE_ACTIONS_ADDCLOSE =
      link("posix_spawn_file_actions_addclose", ADDRESS, JAVA_INT);

  /** glibc 2.34 */
  private static final MethodHandle POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP =
      link("posix_spawn_file_actions_addclosefrom_np", ADDRESS, JAVA_INT);

  private static final MethodHandle POSIX_SPAWNATTR_INIT = link("posix_spawnattr_init", ADDRESS);
  private static final MethodHandle POSIX_SPAWNATTR_DESTROY =
      link("posix_spawnattr_destroy", ADDRESS);
  private static final MethodHandle POSIX_SPAWNATTR_SETFLAGS =
      link("posix_spawnattr_setflags", ADDRESS, JAVA_SHORT);
  private static final MethodHandle POSIX_SPAWNATTR_SETSIGMASK =
      link("posix_spawnattr_setsigmask", ADDRESS, ADDRESS);
  private static final MethodHandle POSIX_SPAWNATTR_SETSIGDEFAULT =
      link("posix_spawnattr_setsigdefault", ADDRESS, ADDRESS);

  private Downcalls() {}

  /** What the C library lacks of the above; a call to one of them fails. */
  public static List<String> missingSymbols() {
    return List.copyOf(MISSING);
  }

  /**
   * Makes a system call.
   *
   * <p>A pointer is passed as an address: the caller keeps its memory alive until this returns, by
   * an arena which it closes after, or a buffer which it uses after.
   *
   * @param arguments at most six
   * @return the result, or minus the errno, as the kernel itself answers
   */
  public static long syscall(int number, long... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      long result =
          (long)
              SYSCALL.invokeExact(
                  state,
                  (long) number,
                  argument(arguments, 0),
                  argument(arguments, 1),
                  argument(arguments, 2),
                  argument(arguments, 3),
                  argument(arguments, 4),
                  argument(arguments, 5));
      return result == -1 ? -state.get(JAVA_INT, ERRNO) : result;
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  private static long argument(long[] arguments, int index) {
    return index < arguments.length ? arguments[index] : 0;
  }

  public static int posixSpawn(
      MemorySegment pid,
      MemorySegment path,
      MemorySegment fileActions,
      MemorySegment attributes,
      MemorySegment argv,
      MemorySegment envp) {
    try {
      return (int) POSIX_SPAWN.invokeExact(pid, path, fileActions, attributes, argv, envp);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  public static int fileActionsInit(MemorySegment fileActions) {
    return call(POSIX_SPAWN_FILE_ACTIONS_INIT, fileActions);
  }

  public static int fileActionsDestroy(MemorySegment fileActions) {
    return call(POSIX_SPAWN_FILE_ACTIONS_DESTROY, fileActions);
  }

  public static int fileActionsAddDup2(MemorySegment fileActions, int from, int to) {
    try {
      return (int) POSIX_SPAWN_FILE_ACTIONS_ADDDUP2.invokeExact(fileActions, from, to);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  public static int fileActionsAddClose(MemorySegment fileActions, int number) {
    return call(POSIX_SPAWN_FILE_ACTIONS_ADDCLOSE, fileActions, number);
  }

  public static int fileActionsAddCloseFrom(MemorySegment fileActions, int first) {
    return call(POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP, fileActions, first);
  }

  public static int attributesInit(MemorySegment attributes) {
    return call(POSIX_SPAWNATTR_INIT, attributes);
  }

  public static int attributesDestroy(MemorySegment attributes) {
    return call(POSIX_SPAWNATTR_DESTROY, attributes);
  }

  public static int attributesSetFlags(MemorySegment attributes, short flags) {
    try {
      return (int) POSIX_SPAWNATTR_SETFLAGS.invokeExact(attributes, flags);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  public static int attributesSetSignalMask(MemorySegment attributes, MemorySegment signals) {
    return call(POSIX_SPAWNATTR_SETSIGMASK, attributes, signals);
  }

  public static int attributesSetSignalDefault(MemorySegment attributes, MemorySegment signals) {
    return call(POSIX_SPAWNATTR_SETSIGDEFAULT, attributes, signals);
  }

  private static int call(MethodHandle handle, MemorySegment argument) {
    try {
      return (int) handle.invokeExact(argument);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  private static int call(MethodHandle handle, MemorySegment first, int second) {
    try {
      return (int) handle.invokeExact(first, second);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  private static int call(MethodHandle handle, MemorySegment first, MemorySegment second) {
    try {
      return (int) handle.invokeExact(first, second);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  /** What libseccomp lacks of {@link #SECCOMP_SYMBOLS}: all of them, where there is none. */
  public static List<String> missingSeccompSymbols() {
    return SECCOMP_SYMBOLS.stream()
        .filter(symbol -> SeccompLibrary.LOOKUP.find(symbol).isEmpty())
        .toList();
  }

  /** NULL when it fails; the caller releases the context. */
  public static MemorySegment seccompInit(int action) {
    try {
      return (MemorySegment) Libseccomp.INIT.invokeExact(action);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  public static void seccompRelease(MemorySegment context) {
    try {
      Libseccomp.RELEASE.invokeExact(context);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  public static int seccompArchAdd(MemorySegment context, int token) {
    return call(Libseccomp.ARCH_ADD, context, token);
  }

  /** 0 for a name that the library does not know. */
  public static int seccompArchResolveName(MemorySegment name) {
    return call(Libseccomp.ARCH_RESOLVE_NAME, name);
  }

  public static int seccompSyscallResolveName(MemorySegment name) {
    return call(Libseccomp.SYSCALL_RESOLVE_NAME, name);
  }

  /** Whether the library has a name for a system call of this machine's own architecture. */
  public static boolean seccompKnows(int call) {
    try {
      MemorySegment name = (MemorySegment) Libseccomp.RESOLVE_NUM_ARCH.invokeExact(0, call);
      Libseccomp.FREE.invokeExact(name); // of NULL it does nothing
      return !name.equals(MemorySegment.NULL);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  public static int seccompAttrSet(MemorySegment context, int attribute, int value) {
    try {
      return (int) Libseccomp.ATTR_SET.invokeExact(context, attribute, value);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  public static int seccompRuleAddArray(
      MemorySegment context, int action, int call, int count, MemorySegment conditions) {
    try {
      return (int) Libseccomp.RULE_ADD_ARRAY.invokeExact(context, action, call, count, conditions);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  public static int seccompExportBpf(MemorySegment context, int descriptor) {
    return call(Libseccomp.EXPORT_BPF, context, descriptor);
  }

  /** Looked for when it is first asked for: a host that filters nothing may be without it. */
  private static final class SeccompLibrary {
    private static final SymbolLookup LOOKUP = open("libseccomp.so.2");

    private static SymbolLookup open(String name) {
      try {
        // SAFETY: the distribution's own library, found as the loader finds every other; its
        // initialisers do nothing. It is never unloaded, so that no handle outlives it.
        return SymbolLookup.libraryLookup(name, Arena.global());
      } catch (IllegalArgumentException absent) {
        return symbol -> Optional.empty();
      }
    }
  }

  /** Linked when the first filter is made, and only where nothing is missing. */
  private static final class Libseccomp {
    private static final MethodHandle INIT =
        link("seccomp_init", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    private static final MethodHandle RELEASE =
        link("seccomp_release", FunctionDescriptor.ofVoid(ADDRESS));
    private static final MethodHandle ARCH_ADD =
        link("seccomp_arch_add", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle ARCH_RESOLVE_NAME =
        link("seccomp_arch_resolve_name", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle SYSCALL_RESOLVE_NAME =
        link("seccomp_syscall_resolve_name", FunctionDescriptor.of(JAVA_INT, ADDRESS));

    /** char *seccomp_syscall_resolve_num_arch(uint32_t arch, int num): 0 is the native one. */
    private static final MethodHandle RESOLVE_NUM_ARCH =
        link(
            "seccomp_syscall_resolve_num_arch", FunctionDescriptor.of(ADDRESS, JAVA_INT, JAVA_INT));

    // SAFETY: free(3) of what the function above allocates for its caller, once.
    private static final MethodHandle FREE =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(ADDRESS));

    private static final MethodHandle ATTR_SET =
        link("seccomp_attr_set", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));

    /** int seccomp_rule_add_array(ctx, uint32_t action, int syscall, unsigned count, cmp *) */
    private static final MethodHandle RULE_ADD_ARRAY =
        link(
            "seccomp_rule_add_array",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));

    private static final MethodHandle EXPORT_BPF =
        link("seccomp_export_bpf", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));

    private static MethodHandle link(String symbol, FunctionDescriptor function) {
      // SAFETY: the descriptors repeat the prototypes of seccomp.h; a context is only ever one that
      // seccomp_init made and nobody has released, what is pointed to lives until the call returns
      // and is not kept, and nothing calls back.
      return LINKER.downcallHandle(SeccompLibrary.LOOKUP.findOrThrow(symbol), function);
    }
  }

  private static MethodHandle link(String symbol, ValueLayout... parameters) {
    return link(symbol, FunctionDescriptor.of(JAVA_INT, parameters));
  }

  private static MethodHandle link(
      String symbol, FunctionDescriptor function, Linker.Option... options) {
    // SAFETY: the descriptors above repeat the prototypes of unistd.h and spawn.h; all of these
    // copy what they are given or are done with it when they return, and none calls back.
    return LINKER
        .defaultLookup()
        .find(symbol)
        .map(address -> LINKER.downcallHandle(address, function, options))
        .orElseGet(() -> missing(symbol, LINKER.downcallHandle(function, options)));
  }

  /** A handle of the same type that fails, so that all that is missing can be told at once. */
  private static MethodHandle missing(String symbol, MethodHandle unbound) {
    MISSING.add(symbol);
    var type = unbound.type().dropParameterTypes(0, 1);
    MethodHandle fail =
        MethodHandles.throwException(type.returnType(), UnsatisfiedLinkError.class)
            .bindTo(new UnsatisfiedLinkError(symbol));
    return MethodHandles.dropArguments(fail, 0, type.parameterList());
  }

  private static Error unexpected(Throwable thrown) {
    return thrown instanceof Error error ? error : new AssertionError(thrown);
  }
}
