package dev.caisson.model;

import java.util.Locale;

/** The state of a container. Source: runtime-spec runtime.md, "State"; paused is an extension. */
public enum ContainerState {
  CREATING,
  CREATED,
  RUNNING,
  PAUSED,
  STOPPED;

  /** Whether a container in this state may be found in another next. Anything can stop. */
  public boolean canBecome(ContainerState next) {
    return switch (next) {
      case CREATING -> false;
      case CREATED -> this == CREATING;
      case RUNNING -> this == CREATED || this == PAUSED;
      case PAUSED -> this == RUNNING;
      case STOPPED -> true;
    };
  }

  /** As the specification writes it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
