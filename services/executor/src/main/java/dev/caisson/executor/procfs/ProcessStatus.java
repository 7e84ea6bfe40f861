package dev.caisson.executor.procfs;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What {@code /proc/<pid>/status} says of a process. Source: proc_pid_status(5).
 *
 * @param user its effective id, as our user namespace has it, unsigned
 * @param group likewise
 * @param numbers what it is called in each PID namespace from ours to its own
 */
public record ProcessStatus(int user, int group, List<Integer> numbers) {
  /** Of real, effective, saved and file system id. */
  private static final int EFFECTIVE = 1;

  public ProcessStatus {
    numbers = List.copyOf(numbers);
  }

  /** Empty when the text is not of that form. */
  static Optional<ProcessStatus> parse(String text) {
    try {
      List<Integer> users = values(text, "Uid:");
      List<Integer> groups = values(text, "Gid:");
      List<Integer> numbers = values(text, "NSpid:");
      return users.size() <= EFFECTIVE || groups.size() <= EFFECTIVE || numbers.isEmpty()
          ? Optional.empty()
          : Optional.of(new ProcessStatus(users.get(EFFECTIVE), groups.get(EFFECTIVE), numbers));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** In the namespace so many levels below ours; 0 where it is not in one. */
  public int number(int level) {
    return level < numbers.size() ? numbers.get(level) : 0;
  }

  /** How many levels below ours its own namespace is. */
  public int level() {
    return numbers.size() - 1;
  }

  private static List<Integer> values(String text, String field) {
    return text.lines()
        .filter(line -> line.startsWith(field))
        .findFirst()
        .map(line -> line.substring(field.length()).strip().split("\\s+", -1))
        .map(values -> Arrays.stream(values).map(Integer::parseUnsignedInt).toList())
        .orElse(List.of());
  }
}
