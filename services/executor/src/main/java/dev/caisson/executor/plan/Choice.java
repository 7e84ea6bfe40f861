package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import java.util.List;

/** A value that is known by its name. */
final class Choice {
  private Choice() {}

  /**
   * The one with that name.
   *
   * @throws dev.caisson.executor.refusal.RefusedException naming all of them
   */
  static <E extends Enum<E>> E of(List<E> known, String field, String name) {
    return known.stream()
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            Refusal.invalid(
                    field,
                    "be one of " + String.join(", ", known.stream().map(Enum::name).toList()),
                    name)
                .exception());
  }
}
