package dev.caisson.linux;

/**
 * A child of this process. It stays, at least as a zombie, until it is reaped.
 *
 * @param pidfd the only safe way to name it; the holder closes it
 */
public record Spawned(int pid, Fd pidfd) {}
