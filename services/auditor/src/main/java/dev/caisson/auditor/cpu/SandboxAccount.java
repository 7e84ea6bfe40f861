package dev.caisson.auditor.cpu;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a sandbox after its last sample. Invariant: {@link #charged()} is the cgroup's
 * usage, to the nanosecond.
 *
 * @param seq of the last sample; 0: there was none
 * @param counter null: no cgroup has been read
 * @param unattributed nanoseconds charged to nobody
 * @param retired nanoseconds charged to containers that are not listed any more
 * @param containers in {@link ContainerAccount#ORDER}
 */
record SandboxAccount(
    long seq,
    @Nullable CgroupCounter counter,
    long unattributed,
    long retired,
    List<ContainerAccount> containers) {

  static final SandboxAccount EMPTY = new SandboxAccount(0, null, 0, 0, List.of());

  SandboxAccount {
    if (unattributed < 0 || retired < 0) {
      throw new IllegalArgumentException("amounts must not be negative: sandbox");
    }
    containers = List.copyOf(containers);
  }

  /** All that has been charged, to anyone or to nobody. */
  long charged() {
    long charged = Math.addExact(unattributed, retired);
    for (ContainerAccount container : containers) {
      charged = Math.addExact(charged, container.total());
    }
    return charged;
  }

  long overhead() {
    return containers.stream().mapToLong(ContainerAccount::overhead).reduce(0, Math::addExact);
  }
}
