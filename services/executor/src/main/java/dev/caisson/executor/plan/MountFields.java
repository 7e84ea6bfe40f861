package dev.caisson.executor.plan;

import dev.caisson.proto.types.v1.Mount;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;

/** Which mount of the specification a mount of the table is; some are of none. */
final class MountFields {
  private final Map<String, Queue<String>> byDestination = new HashMap<>();

  private MountFields() {}

  static MountFields of(List<Mount> mounts) {
    MountFields fields = new MountFields();
    for (int i = 0; i < mounts.size(); i++) {
      String field = "mounts[" + i + "]";
      String destination = Paths.clean(field + ".destination", mounts.get(i).getDestination());
      fields.byDestination.computeIfAbsent(destination, any -> new ArrayDeque<>()).add(field);
    }
    return fields;
  }

  /** Those of one destination come in the specification's order. */
  Optional<String> next(String destination) {
    Queue<String> fields = byDestination.get(destination);
    return fields == null ? Optional.empty() : Optional.ofNullable(fields.poll());
  }
}
