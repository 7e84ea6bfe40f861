package dev.caisson.executor.sandbox;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Seccomp;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Filters of system calls, of which many containers have the same: each is kept once, for as long
 * as one has it. They are tens of KiB, nearly all that a container's record takes.
 *
 * <p>Thread-safe.
 */
final class SharedFilters {
  private final Map<Seccomp, WeakReference<Seccomp>> known = new WeakHashMap<>();

  /** The same specification, with the filter that others have too. */
  ContainerSpec share(ContainerSpec spec) {
    return spec.hasSeccomp()
        ? spec.toBuilder().setSeccomp(shared(spec.getSeccomp())).build()
        : spec;
  }

  private synchronized Seccomp shared(Seccomp filter) {
    @Nullable WeakReference<Seccomp> reference = known.get(filter);
    @Nullable Seccomp present = reference == null ? null : reference.get();
    if (present != null) {
      return present;
    }
    known.put(filter, new WeakReference<>(filter));
    return filter;
  }
}
