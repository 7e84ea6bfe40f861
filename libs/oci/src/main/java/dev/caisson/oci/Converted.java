package dev.caisson.oci;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IgnoredField;
import java.util.List;

/**
 * What a config.json came to.
 *
 * @param ignored the fields that have no effect, in the order in which they were met, bounded; they
 *     are unknown, or change nothing of what runs
 */
public record Converted(ContainerSpec spec, List<IgnoredField> ignored) {
  public Converted {
    ignored = List.copyOf(ignored);
  }
}
