package dev.caisson.model;

/** Whom sandboxes belong to. */
public record TenantId(String value) {

  public TenantId {
    Identifiers.check("tenant id", value);
  }

  @Override
  public String toString() {
    return value;
  }
}
