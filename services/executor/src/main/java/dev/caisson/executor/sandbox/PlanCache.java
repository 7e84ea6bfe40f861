package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.CompiledPlan;
import dev.caisson.executor.plan.Machine;
import dev.caisson.executor.plan.Plan;
import dev.caisson.model.Recent;
import java.util.function.Supplier;

/**
 * Plans by what they were compiled from: the same container is mostly run more than once.
 *
 * <p>Thread-safe. Compiling is pure, so that an entry is never wrong.
 */
final class PlanCache {
  static final int CAPACITY = 64;

  private final Machine machine;
  private final Recent<Object, CompiledPlan> entries = new Recent<>(CAPACITY);

  PlanCache(Machine machine) {
    this.machine = machine;
  }

  /**
   * @param source everything that the compiler reads; compared by its value
   * @param compiler may refuse, which is not remembered
   */
  CompiledPlan get(Object source, Supplier<Plan> compiler) {
    return entries.get(source, _ -> CompiledPlan.of(compiler.get(), machine));
  }
}
