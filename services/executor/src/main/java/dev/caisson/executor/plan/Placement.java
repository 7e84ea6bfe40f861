package dev.caisson.executor.plan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The beginning of a container's program that does not depend on what the container is to run: the
 * process is born, joins its cgroups, and waits. It can be made in advance, which takes the
 * kernel's slow migration between cgroups of version 1 out of a caller's way.
 *
 * @param plan the steps, and the wait for the next program, which is the rest
 */
public record Placement(Plan plan) {

  /** For containers that have the namespaces which most have. */
  public static Placement usual(CgroupFacts cgroup) {
    Assembly assembly = new Assembly();
    cgroup.join(assembly);
    return waiting(assembly.plan(List.of(Flag.CLONE_NEWNS, Flag.CLONE_NEWPID)));
  }

  /** The beginning of that plan. */
  static Placement of(Plan whole) {
    int joins = joins(whole);
    return waiting(
        new Plan(
            whole.steps().subList(0, joins),
            whole.donations().subList(0, joins),
            whole.namespaces(),
            whole.entered()));
  }

  private static Placement waiting(Plan joining) {
    List<Step> steps = new ArrayList<>(joining.steps());
    steps.add(new Step.Next());
    return new Placement(
        new Plan(steps, joining.donations(), joining.namespaces(), joining.entered()));
  }

  /** How many steps of a plan are such a beginning. */
  static int joins(Plan whole) {
    int joins = 0;
    while (joins < whole.steps().size()
        && whole.steps().get(joins) instanceof FileStep.JoinCgroup) {
      joins++;
    }
    return joins;
  }

  /** The steps of this are the first of the rest, as are its descriptors. */
  public static Plan rest(Plan whole) {
    return whole.part(joins(whole), whole.steps().size());
  }

  /** What the rest of a plan is given beside what its beginning was given. */
  static List<Donation> further(Plan whole) {
    return Collections.unmodifiableList(
        whole.donations().subList(joins(whole), whole.donations().size()));
  }
}
