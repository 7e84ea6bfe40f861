package dev.caisson.executor.store;

import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import java.util.List;

/**
 * What was in the store.
 *
 * @param quarantined the files that were none of ours, and were put aside
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
   * A file that was moved to {@code quarantine/}.
   *
   * @param file its name in the store
   * @param reason a sentence
   */
  public record Quarantined(String file, String reason) {}
}
