package dev.caisson.auditor.cpu;

import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;

/**
 * Whose figures: what is empty matches all.
 *
 * @param sandbox id or uid
 * @param container id or uid
 */
public record CpuQuery(String tenant, String sandbox, String container) {

  public boolean matches(CpuApportioned figures) {
    return isOrAny(tenant, figures.getTenant(), figures.getTenant())
        && isOrAny(sandbox, figures.getSandboxId(), figures.getSandboxUid())
        && (container.isEmpty() || figures.getContainersList().stream().anyMatch(this::matches));
  }

  /**
   * The figures with the containers that match alone; the sandbox's own are the whole sandbox's.
   */
  public CpuApportioned narrowed(CpuApportioned figures) {
    if (container.isEmpty()) {
      return figures;
    }
    return figures.toBuilder()
        .clearContainers()
        .addAllContainers(figures.getContainersList().stream().filter(this::matches).toList())
        .build();
  }

  /** Likewise. */
  CpuWindow narrowed(CpuWindow window) {
    if (container.isEmpty()) {
      return window;
    }
    return window.toBuilder()
        .clearContainers()
        .addAllContainers(
            window.getContainersList().stream()
                .filter(one -> isOrAny(container, one.getContainerId(), one.getContainerUid()))
                .toList())
        .build();
  }

  private boolean matches(ContainerCpu figures) {
    return isOrAny(container, figures.getContainerId(), figures.getContainerUid());
  }

  private static boolean isOrAny(String wanted, String id, String uid) {
    return wanted.isEmpty() || wanted.equals(id) || wanted.equals(uid);
  }
}
