package dev.caisson.testing;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A call that a fake was asked to make.
 *
 * @param operation interface and method, as in {@code files.open}
 */
public record Call(String operation, List<Object> arguments) {
  public Call {
    arguments = List.copyOf(arguments);
  }

  @Override
  public String toString() {
    return arguments.stream()
        .map(Object::toString)
        .collect(Collectors.joining(", ", operation + "(", ")"));
  }
}
