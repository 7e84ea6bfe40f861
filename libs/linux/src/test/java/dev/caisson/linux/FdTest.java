package dev.caisson.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class FdTest {
  /** Remembers what was closed. */
  private static final class Table implements DescriptorTable {
    final List<Integer> closed = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void close(int number) {
      closed.add(number);
    }

    @Override
    public int duplicate(int number) {
      return number + 100;
    }
  }

  private final Table table = new Table();
  private final Fd fd = Fd.of(7, table);

  @Test
  void closesOnce() {
    fd.close();
    fd.close();

    assertThat(table.closed).containsExactly(7);
    assertThat(fd.isOpen()).isFalse();
  }

  @Test
  void closesOnceWhenManyThreadsDo() throws Exception {
    int threads = 8;
    for (int round = 0; round < 200; round++) {
      Fd shared = Fd.of(round, table);
      CyclicBarrier start = new CyclicBarrier(threads);
      Callable<Boolean> close =
          () -> {
            start.await();
            shared.close();
            return shared.isOpen();
          };
      try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
        for (Future<Boolean> open : pool.invokeAll(Collections.nCopies(threads, close))) {
          assertThat(open.get()).isFalse();
        }
      }
    }

    assertThat(table.closed).hasSize(200).doesNotHaveDuplicates();
  }

  @Test
  void isNotGivenBackWhileACallUsesIt() {
    fd.use(number -> {
      fd.close();
      assertThat(fd.isOpen()).isFalse();
      assertThat(table.closed).isEmpty();
      return number;
    });

    assertThat(table.closed).containsExactly(7);
  }

  @Test
  void isGivenBackByTheLastOfSeveralCalls() {
    fd.use(outer -> {
      fd.use(inner -> {
        fd.close();
        return inner;
      });
      assertThat(table.closed).isEmpty();
      return outer;
    });

    assertThat(table.closed).containsExactly(7);
  }

  @Test
  void isGivenBackAfterACallThatFails() {
    assertThatThrownBy(() ->
            fd.use(number -> {
              fd.close();
              throw new LinuxException("read", "it", Errno.EIO);
            }))
        .isInstanceOf(LinuxException.class);

    assertThat(table.closed).containsExactly(7);
  }

  @Test
  void refusesUseAfterClose() {
    fd.close();

    assertThatThrownBy(fd::number).hasMessage("Failed to use closed descriptor 7: EBADF (9)");
    assertThatThrownBy(fd::duplicate).isInstanceOf(LinuxException.class);
    assertThatThrownBy(() -> Held.of(List.of(fd))).isInstanceOf(LinuxException.class);
  }

  @Test
  void aDuplicateIsClosedApart() {
    try (Fd duplicate = fd.duplicate()) {
      fd.close();

      assertThat(duplicate.number()).isEqualTo(107);
      assertThat(duplicate.isOpen()).isTrue();
    }
    assertThat(table.closed).containsExactly(7, 107);
  }

  @Test
  void holdsAllOrNone() {
    Fd closed = Fd.of(8, table);
    closed.close();

    assertThatThrownBy(() -> Held.of(List.of(fd, closed))).isInstanceOf(LinuxException.class);

    fd.close();
    assertThat(table.closed).containsExactly(8, 7);
  }

  @Test
  void rejectsNegativeNumber() {
    assertThatThrownBy(() -> Fd.adopt(-1)).hasMessage("number must not be negative: -1");
  }

  @Test
  void leadsToTheOpenFileByPath() {
    assertThat(fd.path()).hasToString("/proc/self/fd/7");
  }
}
