package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.hook.HookRunner;
import dev.caisson.executor.init.InitLauncher;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.store.Store;
import dev.caisson.executor.usage.UsageSampler;
import dev.caisson.linux.Kernel;
import dev.caisson.model.Uids;
import java.time.Clock;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What sandboxes are made with: one of each for the executor.
 *
 * @param control watches the connections to caisson-init, and their ends
 * @param stdio moves output and input
 * @param workers for what must not hold a loop up, and for what is to happen later
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
    HookRunner hooks,
    ScheduledExecutorService workers,
    Clock clock,
    Uids uids) {}
