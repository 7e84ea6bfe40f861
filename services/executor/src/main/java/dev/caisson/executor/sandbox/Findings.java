package dev.caisson.executor.sandbox;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * What the executor found when it began and could not take up: sentences for those who run it.
 *
 * <p>Thread-safe.
 */
final class Findings {
  private final List<Finding> all = new CopyOnWriteArrayList<>();

  private record Finding(String sentence, BooleanSupplier holds) {}

  /**
   * Adds one.
   *
   * @param holds whether it is still so
   */
  void add(String sentence, BooleanSupplier holds) {
    all.add(new Finding(sentence, holds));
  }

  Stream<String> sentences() {
    return all.stream().filter(one -> one.holds().getAsBoolean()).map(Finding::sentence);
  }
}
