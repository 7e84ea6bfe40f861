package dev.caisson.events;

import java.util.List;

/**
 * Settings of Kafka's clients that cannot be had. The message has every problem, without values.
 */
public final class ClientPropertiesException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  ClientPropertiesException(List<String> problems) {
    super("Settings of Kafka are refused: " + String.join("; ", problems));
  }
}
