package dev.caisson.executor.init;

import dev.caisson.linux.Fd;
import java.util.Optional;

/** What caisson-init knows of one token: it runs ({@code pidfd}), or has ended ({@code end}). */
public record KnownProcess(long token, Optional<Fd> pidfd, Optional<ProcessEnd> end) {}
