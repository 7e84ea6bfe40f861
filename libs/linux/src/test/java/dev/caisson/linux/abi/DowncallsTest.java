package dev.caisson.linux.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class DowncallsTest {
  private static final int CALLS = 100_000;
  private static final long EBADF = 9;
  private static final long EINVAL = 22;

  @Test
  void everySymbolIsInThisLibrary() {
    assertThat(Downcalls.missingSymbols()).isEmpty();
  }

  @Test
  void twoThreadsNeverSeeEachOthersErrno() throws Exception {
    SystemCallNumbers numbers = SystemCallNumbers.current();
    CyclicBarrier start = new CyclicBarrier(2);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Future<Integer> bad =
          threads.submit(count(start, EBADF, () -> Downcalls.syscall(numbers.close(), -1)));
      Future<Integer> invalid =
          threads.submit(count(start, EINVAL, () -> Downcalls.syscall(numbers.pipe2(), 0, -1)));

      assertThat(bad.get()).isEqualTo(CALLS);
      assertThat(invalid.get()).isEqualTo(CALLS);
    }
  }

  /** How many of the calls gave the errno that they must. */
  private static Callable<Integer> count(CyclicBarrier start, long errno, Callable<Long> call) {
    return () -> {
      start.await();
      int right = 0;
      for (int i = 0; i < CALLS; i++) {
        right += call.call() == -errno ? 1 : 0;
      }
      return right;
    };
  }

  @Test
  void noOtherClassMayMakeRestrictedCalls() throws Exception {
    try (var sources = Files.walk(Path.of("src/main/java"))) {
      List<Path> files = sources.filter(file -> file.toString().endsWith(".java")).toList();

      assertThat(files).hasSizeGreaterThan(40);
      assertThat(files)
          .filteredOn(DowncallsTest::mayMakeRestrictedCalls)
          .singleElement()
          .satisfies(file -> assertThat(file).endsWithRaw(Path.of("abi/Downcalls.java")));
    }
  }

  private static boolean mayMakeRestrictedCalls(Path source) {
    try {
      return Files.readString(source).contains("\"restricted\"");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
