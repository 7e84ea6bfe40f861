package dev.caisson.executor.guard;

import java.util.Optional;

/**
 * A program of the host that may run as a hook. Whoever opens it checks the owner and the digest on
 * what was opened.
 *
 * @param ownerUid of the host, unsigned
 * @param sha256 of the file, 64 hexadecimal digits in lower case; empty: any content
 */
public record HookRule(String path, int ownerUid, Optional<String> sha256) {}
