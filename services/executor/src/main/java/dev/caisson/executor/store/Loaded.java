package dev.caisson.executor.store;

import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import java.util.List;

/**
 * What was in the store.
 *
 * @param quarantined what could not be read since the store was opened, and was put aside
 */
public record Loaded(
    List<SandboxRecord> sandboxes,
    List<ContainerRecord> containers,
    List<Quarantined> quarantined) {
  public Loaded {
    sandboxes = List.copyOf(sandboxes);
    containers = List.copyOf(containers);
    quarantined = List.copyOf(quarantined);
  }

  /**
   * Bytes that are now a file in {@code quarantine/}.
   *
   * @param file its name
   * @param reason a sentence
   */
  public record Quarantined(String file, String reason) {}
}
