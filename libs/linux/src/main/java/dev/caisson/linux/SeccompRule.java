package dev.caisson.linux;

import java.util.List;

/**
 * What becomes of one system call.
 *
 * @param call its name, as libseccomp has it
 * @param conditions all of them must hold; on different arguments
 */
public record SeccompRule(String call, SeccompAction action, List<SeccompCondition> conditions) {
  public SeccompRule {
    conditions = List.copyOf(conditions);
    long arguments = conditions.stream().map(SeccompCondition::argument).distinct().count();
    if (arguments != conditions.size()) {
      throw new IllegalArgumentException(
          "conditions must be on different arguments: " + conditions);
    }
  }
}
