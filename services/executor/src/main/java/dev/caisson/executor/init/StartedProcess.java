package dev.caisson.executor.init;

import dev.caisson.linux.Fd;

/**
 * A process that caisson-init made.
 *
 * @param pidfd its identity; the receiver closes it
 * @param program what it runs
 */
public record StartedProcess(Fd pidfd, RunningProgram program) {}
