package dev.caisson.gateway.names;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;

/** {@code tenants/{tenant}}. */
public record TenantName(String tenant) {
  static final String FORM = "tenants/{tenant}";
  private static final String ANY_FORM = FORM + ", or of something below it";

  public static TenantName parse(String field, String text) {
    String[] ids = Segments.match(field, text, FORM, false);
    return new TenantName(ids[0]);
  }

  /** The tenant of whatever a name names. */
  public static String of(String field, String text) {
    String[] parts = text.split("/", 3);
    if (parts.length < 2 || !parts[0].equals("tenants") || !Ids.isId(parts[1])) {
      throw Errors.invalid(Reason.INVALID_NAME, field, "be of the form " + ANY_FORM, text);
    }
    return parts[1];
  }

  @Override
  public String toString() {
    return "tenants/" + tenant;
  }
}
