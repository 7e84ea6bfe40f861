package dev.caisson.model;

/** A sandbox's name, unique among the living of a tenant. */
public record SandboxId(String value) {

  public SandboxId {
    Identifiers.check("sandbox id", value);
  }

  @Override
  public String toString() {
    return value;
  }
}
