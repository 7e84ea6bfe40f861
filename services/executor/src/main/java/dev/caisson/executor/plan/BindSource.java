package dev.caisson.executor.plan;

import dev.caisson.proto.types.v1.Mount;
import java.util.List;
import java.util.Set;

/**
 * A path of the host that a specification asks for, read as the plan reads it: what is decided on
 * is what is done.
 *
 * @param field of the specification, for words
 * @param source clean
 * @param deviceFiles whether device files in it are to work
 */
public record BindSource(String field, String source, boolean deviceFiles) {

  /**
   * The bind mounts among the mounts of a specification, in order.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if a mount is not possible
   */
  public static List<BindSource> of(List<Mount> mounts) {
    List<PlannedMount> read = MountTable.read(mounts, Set.of());
    return java.util.stream.IntStream.range(0, read.size())
        .filter(i -> read.get(i) instanceof PlannedMount.Bind)
        .mapToObj(i -> of("mounts[" + i + "].source", (PlannedMount.Bind) read.get(i)))
        .toList();
  }

  private static BindSource of(String field, PlannedMount.Bind bind) {
    boolean devices = !bind.attributes().set().contains(Flag.MOUNT_ATTR_NODEV);
    return new BindSource(field, bind.source(), devices);
  }
}
