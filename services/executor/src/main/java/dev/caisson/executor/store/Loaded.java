package dev.caisson.executor.store;

import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import java.util.List;

/**
 * What was in the store.
 *
 * @param quarantined what could not be read since the store was opened, and was put aside
 * @param newer what a newer executor has written, and which stays as it is
 */
public record Loaded(
    List<SandboxRecord> sandboxes,
    List<ContainerRecord> containers,
    List<Quarantined> quarantined,
    Newer newer) {
  public Loaded {
    sandboxes = List.copyOf(sandboxes);
    containers = List.copyOf(containers);
    quarantined = List.copyOf(quarantined);
  }

  /** As far as this executor understands it. */
  public record Newer(List<SandboxRecord> sandboxes, List<ContainerRecord> containers) {
    public static final Newer NONE = new Newer(List.of(), List.of());

    public Newer {
      sandboxes = List.copyOf(sandboxes);
      containers = List.copyOf(containers);
    }
  }

  /**
   * Bytes that are now a file in {@code quarantine/}.
   *
   * @param file its name
   * @param reason a sentence
   */
  public record Quarantined(String file, String reason) {}
}
