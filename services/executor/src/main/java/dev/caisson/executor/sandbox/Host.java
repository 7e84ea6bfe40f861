package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.hook.HookPlace;
import dev.caisson.executor.hook.HookRunner;
import dev.caisson.executor.init.InitLauncher;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.log.LogThreads;
import dev.caisson.executor.network.Networks;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.store.Store;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.OpenFlag;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What sandboxes are made with: one of each for the executor.
 *
 * @param control watches the connections to caisson-init, and their ends
 * @param stdio moves output and input
 * @param networks that sandboxes can be joined to
 * @param logs write and read what containers put out
 * @param uids UUIDv7, text form, never the same twice
 * @param workers for what must not hold a loop up, and for what is to happen later; nothing that
 *     they do waits for a turn, or for a process
 * @param deletions for deletions that nobody waits for: they take turns, and run hooks
 */
public record Host(
    Settings settings,
    Kernel kernel,
    TrustedProc proc,
    InitLauncher launcher,
    Cgroups cgroups,
    Journal journal,
    Store store,
    PollLoop control,
    PollLoop stdio,
    LogThreads logs,
    HookRunner hooks,
    HookPlace hostHooks,
    Networks networks,
    ScheduledExecutorService workers,
    Executor deletions,
    Clock clock,
    Supplier<String> uids) {

  /** After a while. */
  void later(Runnable task) {
    later(task, Duration.ofSeconds(1));
  }

  void later(Runnable task, Duration delay) {
    var _ = workers.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Where a process is to be born, if the host has a cgroup v2 tree. */
  Closing birthDirectory(Cgroup cgroup) {
    return Closing.of(
        cgroup
            .birthDirectory()
            .map(path -> kernel.files().open(path, OpenFlag.PATH, OpenFlag.DIRECTORY)));
  }
}
