package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.linux.abi.Architecture;
import dev.caisson.linux.abi.Downcalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No call leaves a descriptor behind, whether it succeeds or fails. Root is needed. */
final class DescriptorLeakIT {
  private final Kernel kernel = Kernel.open();
  private final Files files = kernel.files();
  private final Sockets sockets = kernel.sockets();

  @TempDir private Path directory;

  @Test
  void everySuccessGivesBackWhatItTook() {
    assertNothingLeft(this::useEverything);
  }

  private void useEverything() throws Exception {
    Path path = directory.resolve("d".repeat(110));
    java.nio.file.Files.createDirectories(path);
    Path socket = path.resolve("socket");
    try (Pipe pipe = files.pipe();
        Fd memory = files.memory("m", 1);
        Fd sealed = files.sealedMemory("s", ByteBuffer.allocate(1));
        Fd mount = kernel.mounts().filesystem("tmpfs", Map.of(), Set.of());
        Fd copy = kernel.mounts().cloneTree(mount, true);
        Fd listener = sockets.listen(socket, 1);
        Fd client = sockets.connect(socket);
        Fd server = sockets.accept(listener);
        Fd duplicate = server.duplicate();
        Poller poller = kernel.polling().open()) {
      sockets.send(client, ByteBuffer.allocate(1), List.of(memory, sealed, copy));
      sockets.receive(duplicate, ByteBuffer.allocate(1)).descriptors().forEach(Fd::close);
      poller.wake();
      assertThat(poller.await(Duration.ZERO)).isEmpty();
      run(pipe.write());
    }
    java.nio.file.Files.delete(socket);
  }

  private void run(Fd output) {
    SpawnRequest request =
        new SpawnRequest(Path.of("/bin/true"), List.of("true"), List.of(), Map.of(1, output), true);
    try (Fd child = kernel.processes().spawn(request).pidfd()) {
      assertThat(kernel.processes().awaitEnd(child, TestTimes.LONG)).isTrue();
      assertThat(kernel.processes().reap(child)).contains(new ChildStatus(0, 0));
    }
  }

  @Test
  void everyFailureGivesBackWhatItTook() {
    assertNothingLeft(() -> {
      fail(() -> files.open(Path.of("/no/such/file")));
      fail(() -> files.memory("m", -1));
      fail(() -> sockets.connect(directory.resolve("nobody")));
      fail(() -> sockets.connect(directory.resolve("x".repeat(200))));
      fail(() -> sockets.listen(Path.of("/proc/socket"), 1));
      fail(() -> kernel.mounts().filesystem("tmpfs", Map.of("no", "such"), Set.of()));
      fail(() -> kernel.mounts().filesystem("nosuchfs", Map.of(), Set.of()));
      fail(() -> spawnNothing());
      fail(() -> spawnFromClosed());
    });
  }

  private void spawnNothing() {
    kernel
        .processes()
        .spawn(new SpawnRequest(Path.of("/no/such"), List.of("x"), List.of(), Map.of(), false));
  }

  private void spawnFromClosed() {
    Fd closed = files.memory("m", 1);
    closed.close();
    kernel
        .processes()
        .spawn(
            new SpawnRequest(
                Path.of("/bin/true"), List.of("true"), List.of(), Map.of(9, closed), false));
  }

  @Test
  void aMessageThatDoesNotFitLosesItsDescriptors() {
    assertNothingLeft(() -> {
      try (Pair pair = sockets.pair();
          Fd memory = files.memory("m", 1)) {
        sockets.send(pair.first(), ByteBuffer.allocate(8), List.of(memory, memory));
        assertErrno(Errno.EMSGSIZE, () -> sockets.receive(pair.second(), ByteBuffer.allocate(7)));
      }
    });
  }

  /** With fewer free numbers than descriptors sent, the kernel hands over what it can. */
  @Test
  void descriptorsBeyondTheProcesssLimitAreNotHalfReceived() {
    assertNothingLeft(() -> {
      try (Pair pair = sockets.pair();
          Fd memory = files.memory("m", 1)) {
        ByteBuffer into = ByteBuffer.allocate(1);
        sockets.send(pair.first(), ByteBuffer.allocate(1), List.of());
        // Classes are loaded from files, too: before the limit.
        assertThat(sockets.receive(pair.second(), into).bytes()).isEqualTo(1);
        into.clear();
        sockets.send(pair.first(), ByteBuffer.allocate(1), List.of(memory, memory, memory));
        // Up to the lowest free number: so one of the three arrives.
        long limit = lowestFree(memory) + 1L;
        withDescriptorLimit(
            limit, () -> assertErrno(Errno.EMSGSIZE, () -> sockets.receive(pair.second(), into)));
      }
    });
  }

  private static int lowestFree(Fd any) {
    try (Fd duplicate = any.duplicate()) {
      return duplicate.number();
    }
  }

  private static void withDescriptorLimit(long soft, ThrowingCallable call) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      // struct rlimit { rlim_t rlim_cur; rlim_t rlim_max; }
      MemorySegment before = arena.allocate(ValueLayout.JAVA_LONG, 2);
      limit(MemorySegment.NULL, before);
      MemorySegment changed = arena.allocate(ValueLayout.JAVA_LONG, 2).copyFrom(before);
      changed.set(ValueLayout.JAVA_LONG, 0, soft);
      limit(changed, MemorySegment.NULL);
      try {
        call.call();
      } catch (Throwable e) {
        throw new AssertionError(e);
      } finally {
        limit(before, MemorySegment.NULL);
      }
    }
  }

  private static void limit(MemorySegment change, MemorySegment before) {
    int prlimit64 = Architecture.current() == Architecture.X86_64 ? 302 : 261;
    int descriptors = 7;
    Outcome.require(
        Downcalls.syscall(prlimit64, 0, descriptors, change.address(), before.address()),
        "limit",
        "descriptors");
  }

  /** Runs it twice: the first time, classes are loaded from files that stay open. */
  private static void assertNothingLeft(ThrowingCallable call) {
    try {
      call.call();
      long before = openDescriptors();
      for (int i = 0; i < 10; i++) {
        call.call();
      }
      assertThat(openDescriptors()).isEqualTo(before);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static long openDescriptors() throws Exception {
    try (var numbers = java.nio.file.Files.list(Path.of("/proc/self/fd"))) {
      return numbers.count();
    }
  }

  private static void fail(ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(LinuxException.class);
  }
}
