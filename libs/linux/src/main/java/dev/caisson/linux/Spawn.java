package dev.caisson.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SpawnLayouts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** One posix_spawn(3), with the memory that it needs. */
final class Spawn implements AutoCloseable {
  private static final Path SELF = Path.of("/proc/self");

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment actions = arena.allocate(SpawnLayouts.FILE_ACTIONS);
  private final MemorySegment attributes = arena.allocate(SpawnLayouts.ATTRIBUTES);
  private final SpawnRequest request;
  private final Inheritance inheritance;

  Spawn(SpawnRequest request, Inheritance inheritance) {
    this.request = request;
    this.inheritance = inheritance;
    require(Downcalls.fileActionsInit(actions));
    require(Downcalls.attributesInit(attributes));
  }

  /** The pid of the child, which has executed the program. */
  int start() {
    arrangeDescriptors();
    arrangeSignalsAndSession();
    MemorySegment pid = arena.allocate(JAVA_INT);
    require(
        Downcalls.posixSpawn(
            pid,
            CString.in(arena, program().toString()),
            actions,
            attributes,
            CString.array(arena, request.args()),
            CString.array(arena, request.env())));
    return pid.get(JAVA_INT, 0);
  }

  /** In the child {@code self} would be the child, where our descriptors are closed by then. */
  private Path program() {
    Path program = request.program();
    return program.startsWith(SELF)
        ? Path.of("/proc", Long.toString(ProcessHandle.current().pid()))
            .resolve(SELF.relativize(program))
        : program;
  }

  private void arrangeDescriptors() {
    for (int number = 0; number < inheritance.end(); number++) {
      Fd source = inheritance.sources().get(number);
      require(
          source == null
              ? Downcalls.fileActionsAddClose(actions, number)
              : Downcalls.fileActionsAddDup2(actions, source.number(), number));
    }
    require(Downcalls.fileActionsAddCloseFrom(actions, inheritance.end()));
  }

  /** The JVM ignores SIGPIPE and blocks some signals: neither is for the child. */
  private void arrangeSignalsAndSession() {
    MemorySegment none = arena.allocate(SpawnLayouts.SIGNALS);
    MemorySegment all = arena.allocate(SpawnLayouts.SIGNALS).fill((byte) -1);
    int session = request.newSession() ? Constants.POSIX_SPAWN_SETSID : 0;
    int flags = Constants.POSIX_SPAWN_SETSIGDEF | Constants.POSIX_SPAWN_SETSIGMASK | session;
    require(Downcalls.attributesSetSignalMask(attributes, none));
    require(Downcalls.attributesSetSignalDefault(attributes, all));
    require(Downcalls.attributesSetFlags(attributes, (short) flags));
  }

  /** These functions return the errno itself. */
  private void require(int errno) {
    Outcome.require(-errno, "start", request.program());
  }

  @Override
  public void close() {
    Downcalls.fileActionsDestroy(actions);
    Downcalls.attributesDestroy(attributes);
    arena.close();
  }
}
