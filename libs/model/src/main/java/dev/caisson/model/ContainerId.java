package dev.caisson.model;

/** A container's name, unique among the living of a tenant. */
public record ContainerId(String value) {

  public ContainerId {
    Identifiers.check("container id", value);
  }

  @Override
  public String toString() {
    return value;
  }
}
