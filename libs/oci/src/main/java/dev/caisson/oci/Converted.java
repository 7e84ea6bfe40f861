package dev.caisson.oci;

import dev.caisson.proto.types.v1.ContainerSpec;
import java.util.List;

/**
 * What a config.json came to.
 *
 * @param ignored the fields that have no effect, by name, in the order in which they were met; they
 *     are unknown, or change nothing of what runs
 */
public record Converted(ContainerSpec spec, List<String> ignored) {
  public Converted {
    ignored = List.copyOf(ignored);
  }
}
