package dev.caisson.gateway.names;

/** {@code tenants/{tenant}/sandboxes/{sandbox}}; where a parent is meant, {@code -} is any. */
public record SandboxName(String tenant, String sandbox) {
  static final String FORM = "tenants/{tenant}/sandboxes/{sandbox}";

  public static SandboxName parse(String field, String text) {
    String[] ids = Segments.match(field, text, FORM, false);
    return new SandboxName(ids[0], ids[1]);
  }

  public static SandboxName parseWithWildcard(String field, String text) {
    String[] ids = Segments.match(field, text, FORM, true);
    return new SandboxName(ids[0], ids[1]);
  }

  public boolean isWildcard() {
    return sandbox.equals(Segments.WILDCARD);
  }

  @Override
  public String toString() {
    return "tenants/" + tenant + "/sandboxes/" + sandbox;
  }
}
