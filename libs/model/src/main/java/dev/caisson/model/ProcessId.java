package dev.caisson.model;

/** A process of a container; the first one is {@link #INIT}. */
public record ProcessId(String value) {
  /** The first process of a container. */
  public static final ProcessId INIT = new ProcessId("init");

  public ProcessId {
    Identifiers.check("process id", value);
  }

  @Override
  public String toString() {
    return value;
  }
}
