package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.store.v1.SandboxRecord;
import java.util.Optional;
import java.util.Queue;

/**
 * A sandbox that nobody has asked for yet: its namespaces, its cgroup and its caisson-init are
 * there, its name is not.
 *
 * @param record what is known of it: uid, id maps, cgroup, caisson-init
 * @param ends takes what caisson-init reports
 * @param placed what will be the first process of its root container
 */
record Parked(
    SandboxRecord record,
    Cgroup cgroup,
    Holder holder,
    Queue<ProcessEnd> ends,
    Optional<Placed> placed) {}
