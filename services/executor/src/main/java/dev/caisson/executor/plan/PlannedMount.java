package dev.caisson.executor.plan;

import java.util.List;

/** A mount of a container, understood. */
sealed interface PlannedMount {
  String destination();

  /** A filesystem that is made new. */
  record Fresh(NewFilesystem filesystem) implements PlannedMount {
    @Override
    public String destination() {
      return filesystem.on();
    }
  }

  /**
   * A part of the host.
   *
   * @param file whether the source is no directory
   */
  record Bind(
      String destination,
      String source,
      boolean file,
      boolean recursive,
      MountAttributes attributes)
      implements PlannedMount {}

  /** The container's own part of the cgroup hierarchies. */
  record Cgroups(String destination, List<Flag> attributes) implements PlannedMount {
    public Cgroups {
      attributes = List.copyOf(attributes);
    }
  }
}
