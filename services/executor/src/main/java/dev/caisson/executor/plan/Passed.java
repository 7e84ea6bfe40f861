package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.DonatedDescriptors;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which descriptors of a local caller a process is given.
 *
 * @param streams whether its standard streams, or its terminal's other side, are the caller's
 * @param numbers of further ones, in the process, ascending
 * @param program whether what is executed is one of them
 */
public record Passed(boolean streams, List<Integer> numbers, boolean program) {
  public static final Passed NONE = new Passed(false, List.of(), false);

  /** How {@link Donation.Given} calls the program. */
  public static final String PROGRAM = "program";

  private static final int FIRST = 3;

  /** Below {@code FIRST_RAISED_DESCRIPTOR} in system.h. */
  private static final int LAST = 255;

  /** Beside them a program has its own: {@code MAX_DESCRIPTORS} in caisson_init.h. */
  private static final int MOST = 64;

  private static final String FIELD = "donated";

  public Passed {
    numbers = List.copyOf(numbers);
  }

  /**
   * What a request names.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if it contradicts itself
   */
  public static Passed of(DonatedDescriptors donated, boolean terminal) {
    Collection<Integer> numbers = donated.getPassedMap().keySet();
    for (int number : numbers) {
      if (number < FIRST || number > LAST) {
        throw Refusal.invalid(
                FIELD + ".passed",
                "have numbers from " + FIRST + " to " + LAST,
                Integer.toUnsignedString(number))
            .exception();
      }
    }
    if (numbers.size() > MOST) {
      throw Refusal.invalid(FIELD + ".passed", "be at most " + MOST, numbers.size()).exception();
    }
    checkStreams(donated, terminal);
    return new Passed(
        namesStreams(donated),
        List.copyOf(new TreeSet<>(numbers)),
        !donated.getProgram().isEmpty());
  }

  /** Whether the standard streams, or the other side of the terminal, are a caller's. */
  public static boolean namesStreams(DonatedDescriptors donated) {
    return namesPipes(donated) || !donated.getConsole().isEmpty();
  }

  private static boolean namesPipes(DonatedDescriptors donated) {
    return Stream.of(donated.getStdin(), donated.getStdout(), donated.getStderr())
        .anyMatch(token -> !token.isEmpty());
  }

  private static void checkStreams(DonatedDescriptors donated, boolean terminal) {
    boolean console = !donated.getConsole().isEmpty();
    if (console && namesPipes(donated)) {
      throw Refusal.invalid(
              FIELD + ".console", "be absent where standard streams are donated", "both")
          .exception();
    }
    if (console && !terminal) {
      throw Refusal.invalid(
              FIELD + ".console", "be absent where process.terminal is false", "a console")
          .exception();
    }
    if (namesPipes(donated) && terminal) {
      throw Refusal.invalid(
              FIELD, "name a console where process.terminal is true", "standard streams")
          .exception();
    }
  }

  static String name(int number) {
    return "fd" + number;
  }

  /** First of all: what is opened later finds these numbers taken. */
  void addTo(Assembly assembly) {
    assembly.concerns(FIELD);
    for (int number : numbers) {
      var given = assembly.donate(new Donation.Given(name(number)));
      assembly.add(new FileStep.Pass(given, number));
    }
    assembly.concerns("");
  }

  /** Everything but these and the standard streams ends with execve(2). */
  void closeOthers(Assembly assembly) {
    int first = FIRST;
    for (int number : numbers) {
      if (number > first) {
        assembly.add(new FileStep.CloseOnExec(first, number - 1));
      }
      first = number + 1;
    }
    assembly.add(new FileStep.CloseOnExec(first, FileStep.CloseOnExec.LAST));
  }
}
