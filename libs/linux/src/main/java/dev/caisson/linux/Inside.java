package dev.caisson.linux;

import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * Makes what belongs to the namespace that its maker is in. setns(2) changes the calling thread
 * alone: one of its own enters, and takes the change with it when it ends.
 */
final class Inside {
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  private Inside() {}

  /**
   * Waits for it, also when interrupted: what is made must not be lost.
   *
   * @param kind of namespace: {@code CLONE_NEW…}
   * @param name of the thread
   */
  static Fd make(Fd namespace, int kind, String name, Supplier<Fd> maker) {
    FutureTask<Fd> made =
        new FutureTask<>(() -> {
          long entered = namespace.use(number -> Downcalls.syscall(CALLS.setns(), number, kind));
          Outcome.require(entered, "enter namespace", namespace);
          return maker.get();
        });
    Thread.ofPlatform().name(name).start(made);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return made.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof LinuxException failure) {
        throw failure;
      }
      throw new AssertionError("a system call fails with an error of the kernel", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
