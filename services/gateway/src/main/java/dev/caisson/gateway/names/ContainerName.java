package dev.caisson.gateway.names;

/**
 * {@code tenants/{tenant}/sandboxes/{sandbox}/containers/{container}}; {@code -} is any sandbox.
 */
public record ContainerName(String tenant, String sandbox, String container) {
  static final String FORM = "tenants/{tenant}/sandboxes/{sandbox}/containers/{container}";

  public static ContainerName parse(String field, String text) {
    String[] ids = Segments.match(field, text, FORM, true);
    return new ContainerName(ids[0], ids[1], ids[2]);
  }

  /** Whether a container of that sandbox can be meant. */
  public boolean matches(String sandboxId) {
    return isWildcard() || sandbox.equals(sandboxId);
  }

  /** Whether it says of all that it is a container of the parent's. */
  public boolean isIn(SandboxName parent) {
    return tenant.equals(parent.tenant())
        && (parent.isWildcard() || sandbox.equals(parent.sandbox()));
  }

  /** The sandbox that it must be in; empty: any. */
  public String sandboxIfAny() {
    return isWildcard() ? "" : sandbox;
  }

  public boolean isWildcard() {
    return sandbox.equals(Segments.WILDCARD);
  }

  @Override
  public String toString() {
    return "tenants/" + tenant + "/sandboxes/" + sandbox + "/containers/" + container;
  }
}
