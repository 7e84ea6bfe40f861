package dev.caisson.gateway.names;

/** {@code tenants/{tenant}}. */
public record TenantName(String tenant) {
  static final String FORM = "tenants/{tenant}";

  public static TenantName parse(String field, String text) {
    String[] ids = Segments.match(field, text, FORM, false);
    return new TenantName(ids[0]);
  }

  @Override
  public String toString() {
    return "tenants/" + tenant;
  }
}
