package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Texts;
import java.util.List;

/**
 * How a child of the executor's helper becomes the first process of another caisson-init. It is
 * given the listening socket and the binary.
 */
public final class FirstPlan {
  private FirstPlan() {}

  /**
   * The program of such a child.
   *
   * @param listening the number of the listening socket in it
   */
  public static Plan compile(int listening) {
    Assembly assembly = new Assembly();
    Passed passed = new Passed(false, List.of(listening), true);
    passed.addTo(assembly);
    var binary = assembly.donate(new Donation.Given(Passed.PROGRAM));
    assembly.add(new ProcessStep.NewSession());
    passed.closeOthers(assembly);
    assembly.add(
        new ProcessStep.ExecuteGiven(
            binary, new Texts(List.of("caisson-init")), new Texts(List.of())));
    return assembly.plan(List.of());
  }
}
