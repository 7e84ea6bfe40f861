package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.CompiledPlan;
import dev.caisson.executor.plan.Machine;
import dev.caisson.executor.plan.Plan;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Plans by what they were compiled from: the same container is mostly run more than once.
 *
 * <p>Thread-safe. Compiling is pure, so that an entry is never wrong.
 */
final class PlanCache {
  static final int CAPACITY = 64;

  private final Machine machine;
  private final Map<Object, CompiledPlan> entries =
      new LinkedHashMap<>(CAPACITY, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, CompiledPlan> eldest) {
          return size() > CAPACITY;
        }
      };

  PlanCache(Machine machine) {
    this.machine = machine;
  }

  /**
   * @param source everything that the compiler reads; compared by its value
   * @param compiler may refuse, which is not remembered
   */
  CompiledPlan get(Object source, Supplier<Plan> compiler) {
    @Nullable CompiledPlan known = find(source);
    if (known != null) {
      return known;
    }
    CompiledPlan compiled = CompiledPlan.of(compiler.get(), machine);
    synchronized (entries) {
      entries.put(source, compiled);
    }
    return compiled;
  }

  private @Nullable CompiledPlan find(Object source) {
    synchronized (entries) {
      return entries.get(source);
    }
  }
}
