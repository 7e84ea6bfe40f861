package dev.caisson.linux;

import java.util.List;

/**
 * A filter of system calls, before it is compiled.
 *
 * @param other what becomes of a call that no rule names; where that is an errno, a call that is
 *     newer than the library gets ENOSYS: no rule could name it, and C libraries then make an older
 *     one, where EPERM would be the program's end
 * @param architectures by libseccomp's names ({@code x86}, {@code x32}), beside this machine's own;
 *     a call of any other architecture ends its thread
 * @param rules of those that contradict each other the first one holds
 */
public record SeccompProfile(
    SeccompAction other, List<String> architectures, List<SeccompRule> rules) {
  public SeccompProfile {
    architectures = List.copyOf(architectures);
    rules = List.copyOf(rules);
  }
}
