package dev.caisson.executor.seccomp;

import dev.caisson.executor.plan.FilterAction;
import dev.caisson.executor.plan.FilterRules;
import dev.caisson.linux.SeccompAction;
import dev.caisson.linux.SeccompAction.Kind;
import dev.caisson.linux.SeccompCondition;
import dev.caisson.linux.SeccompCondition.Comparison;
import dev.caisson.linux.SeccompProfile;
import dev.caisson.linux.SeccompRule;
import dev.caisson.proto.types.v1.Seccomp;
import java.util.List;
import java.util.stream.Stream;

/** A specification's filter in the compiler's terms. Only what {@link FilterRules#check} passed. */
final class Profiles {
  /** What OCI says where an action carries an errno and none is given. */
  private static final int EPERM = 1;

  private Profiles() {}

  static SeccompProfile of(Seccomp seccomp) {
    return new SeccompProfile(
        action(
            seccomp.getDefaultAction(),
            seccomp.hasDefaultErrno() ? seccomp.getDefaultErrno() : EPERM),
        seccomp.getArchitecturesList().stream().map(FilterRules::architecture).toList(),
        seccomp.getRulesList().stream().flatMap(Profiles::rules).toList());
  }

  private static Stream<SeccompRule> rules(Seccomp.SyscallRule rule) {
    SeccompAction action = action(rule.getAction(), rule.hasErrno() ? rule.getErrno() : EPERM);
    List<List<SeccompCondition>> alternatives = alternatives(rule.getConditionsList());
    return rule.getNamesList().stream()
        .flatMap(name ->
            alternatives.stream().map(conditions -> new SeccompRule(name, action, conditions)));
  }

  /**
   * All must hold, except where one argument is named twice: no filter can ask two things of one
   * argument, so each condition is then a rule of its own, as engines expect who write such rules.
   */
  private static List<List<SeccompCondition>> alternatives(List<Seccomp.Condition> given) {
    List<SeccompCondition> conditions = given.stream().map(Profiles::condition).toList();
    long arguments = conditions.stream().map(SeccompCondition::argument).distinct().count();
    return arguments == conditions.size()
        ? List.of(conditions)
        : conditions.stream().map(List::of).toList();
  }

  private static SeccompCondition condition(Seccomp.Condition given) {
    return new SeccompCondition(
        given.getIndex(), comparison(given.getOp()), given.getValue(), given.getValueTwo());
  }

  private static Comparison comparison(String op) {
    return switch (op) {
      case "SCMP_CMP_NE" -> Comparison.NOT_EQUAL;
      case "SCMP_CMP_LT" -> Comparison.LESS;
      case "SCMP_CMP_LE" -> Comparison.LESS_OR_EQUAL;
      case "SCMP_CMP_EQ" -> Comparison.EQUAL;
      case "SCMP_CMP_GE" -> Comparison.GREATER_OR_EQUAL;
      case "SCMP_CMP_GT" -> Comparison.GREATER;
      case "SCMP_CMP_MASKED_EQ" -> Comparison.MASKED_EQUAL;
      default -> throw new AssertionError("an unknown comparison was let through: " + op);
    };
  }

  private static SeccompAction action(String name, int errno) {
    FilterAction action = FilterAction.named("seccomp", name);
    return new SeccompAction(kind(action), action.carriesErrno() ? errno : 0);
  }

  private static Kind kind(FilterAction action) {
    return switch (action) {
      case SCMP_ACT_KILL, SCMP_ACT_KILL_THREAD -> Kind.KILL_THREAD;
      case SCMP_ACT_KILL_PROCESS -> Kind.KILL_PROCESS;
      case SCMP_ACT_TRAP -> Kind.TRAP;
      case SCMP_ACT_ERRNO -> Kind.ERRNO;
      case SCMP_ACT_TRACE -> Kind.TRACE;
      case SCMP_ACT_ALLOW -> Kind.ALLOW;
      case SCMP_ACT_LOG -> Kind.LOG;
      case SCMP_ACT_NOTIFY -> Kind.NOTIFY;
    };
  }
}
