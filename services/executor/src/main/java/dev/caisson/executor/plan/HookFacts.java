package dev.caisson.executor.plan;

import java.util.Optional;

/**
 * Where a hook runs.
 *
 * @param networkNamespace path of the network namespace to run in; empty: the host's
 */
public record HookFacts(Optional<String> networkNamespace) {}
