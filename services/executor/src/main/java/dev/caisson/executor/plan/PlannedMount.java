package dev.caisson.executor.plan;

import java.util.List;
import java.util.Optional;

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
   * A filesystem that begins with what is at its destination.
   *
   * @param top what its root directory is to look like
   */
  record CopiedUp(NewFilesystem filesystem, DirectoryFacts top) implements PlannedMount {
    @Override
    public String destination() {
      return filesystem.on();
    }
  }

  /**
   * A part of the host.
   *
   * @param file whether the source is no directory
   * @param idMap absent: as the sandbox's ids are
   */
  record Bind(
      String destination,
      String source,
      boolean file,
      boolean recursive,
      MountAttributes attributes,
      Optional<IdMap> idMap)
      implements PlannedMount {}

  /**
   * What its sandbox keeps.
   *
   * @param directory in it, clean; {@code /} is the whole
   */
  record Volume(String destination, String name, String directory, List<Flag> attributes)
      implements PlannedMount {
    public Volume {
      attributes = List.copyOf(attributes);
    }
  }

  /** The container's own part of the cgroup hierarchies. */
  record Cgroups(String destination, List<Flag> attributes) implements PlannedMount {
    public Cgroups {
      attributes = List.copyOf(attributes);
    }
  }
}
