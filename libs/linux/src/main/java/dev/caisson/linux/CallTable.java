package dev.caisson.linux;

import dev.caisson.linux.Bpf.Instruction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a filter answers to every system call that there can be: it is run once for each
 * architecture and each range of numbers that it tells apart, as far as no argument decides.
 */
final class CallTable {
  /** What is done with a system call. Equal ones have the same number, {@link #answer}. */
  sealed interface Answer {
    /** It ends here. */
    record Action(int bits) implements Answer {}

    /**
     * An argument decides.
     *
     * @param offset in {@code struct seccomp_data}
     * @param mask bits of it that are looked at
     * @param condition which answer is next: its skips mean nothing
     */
    record Test(int offset, int mask, Instruction condition, int then, int otherwise)
        implements Answer {
      boolean looksWhere(Test other) {
        return offset == other.offset && mask == other.mask;
      }
    }
  }

  /** From a number on, unsigned, to the beginning of the next. */
  record Range(int first, int answer) {}

  /** A filter that does what is not followed here. */
  private static final class Unusual extends Exception {
    private static final long serialVersionUID = 1;

    Unusual(String words) {
      super(words, null, false, false);
    }
  }

  /** What the accumulator holds: bits of what lies at an offset. */
  private record Loaded(int offset, int mask) {
    static final Loaded NOTHING = new Loaded(-1, 0);
  }

  private record Place(int at, Loaded loaded) {}

  /** Conditions that follow each other: each takes some room of the stack. */
  private static final int MAX_DEPTH = 400;

  private static final int ALL = ~0;

  private final Instruction[] program;
  private final List<Answer> answers = new ArrayList<>();
  private final Map<Answer, Integer> numbers = new HashMap<>();
  private final Set<Integer> architectures = new TreeSet<>(Integer::compareUnsigned);

  /** Of ranges of system calls. */
  private final Set<Integer> firsts = new TreeSet<>(Integer::compareUnsigned);

  private CallTable(Instruction... program) {
    this.program = program;
  }

  /** Empty for a filter that is not made as libseccomp makes them. */
  static Optional<CallTable> of(Instruction... program) {
    CallTable table = new CallTable(program);
    try {
      table.survey();
      return Optional.of(table);
    } catch (Unusual e) {
      return Optional.empty();
    }
  }

  Answer answer(int number) {
    return answers.get(number);
  }

  /** Those that are told apart: {@code AUDIT_ARCH_*}. */
  Set<Integer> architectures() {
    return architectures;
  }

  /** One that is none of those. */
  int otherArchitecture() {
    int other = 0;
    while (architectures.contains(other)) {
      other++;
    }
    return other;
  }

  /**
   * For each system call of an architecture, in order, the first from 0 on. Empty if that needs
   * more conditions after each other than are followed here.
   */
  Optional<List<Range>> ranges(int architecture) {
    List<Range> ranges = new ArrayList<>();
    int last = -1;
    for (int first : firsts) {
      int answer;
      try {
        answer = new Run(architecture, first).from(0, Loaded.NOTHING, 0);
      } catch (Unusual e) {
        return Optional.empty();
      }
      if (answer != last) {
        ranges.add(new Range(first, answer));
      }
      last = answer;
    }
    return Optional.of(ranges);
  }

  /** Finds what the numbers of architectures and calls are compared with, wherever it gets. */
  private void survey() throws Unusual {
    firsts.add(0);
    Deque<Place> ahead = new ArrayDeque<>(List.of(new Place(0, Loaded.NOTHING)));
    Set<Place> seen = new HashSet<>();
    while (!ahead.isEmpty()) {
      Place place = ahead.pop();
      if (seen.add(place)) {
        survey(place.at(), place.loaded(), ahead);
      }
    }
  }

  private void survey(int at, Loaded loaded, Deque<Place> ahead) throws Unusual {
    Instruction one = instruction(at);
    switch (one.code()) {
      case Bpf.LOAD -> ahead.push(new Place(at + 1, new Loaded(one.operand(), ALL)));
      case Bpf.AND -> ahead.push(new Place(at + 1, masked(loaded, one.operand())));
      case Bpf.JUMP -> ahead.push(new Place(at + 1 + one.operand(), loaded));
      case Bpf.RETURN -> {}
      default -> {
        note(loaded, one);
        ahead.push(new Place(at + 1 + one.ifTrue(), loaded));
        ahead.push(new Place(at + 1 + one.ifNot(), loaded));
      }
    }
  }

  private void note(Loaded loaded, Instruction condition) throws Unusual {
    int operand = condition.operand();
    switch (loaded.offset()) {
      case Bpf.ARCHITECTURE -> {
        if (condition.code() != Bpf.JUMP_IF_EQUAL) {
          throw new Unusual("an order of architectures");
        }
        architectures.add(operand);
      }
      case Bpf.NUMBER -> {
        switch (condition.code()) {
          case Bpf.JUMP_IF_EQUAL -> {
            firsts.add(operand);
            firsts.add(operand + 1); // 0 after the last
          }
          case Bpf.JUMP_IF_GREATER -> firsts.add(operand + 1);
          case Bpf.JUMP_IF_NOT_LESS -> firsts.add(operand);
          default -> throw new Unusual("bits of a call's number");
        }
      }
      default -> {}
    }
  }

  private Instruction instruction(int at) throws Unusual {
    if (at < 0 || at >= program.length) {
      throw new Unusual("an end without an answer");
    }
    Instruction one = program[at];
    return switch (one.code()) {
      case Bpf.LOAD,
          Bpf.AND,
          Bpf.JUMP,
          Bpf.RETURN,
          Bpf.JUMP_IF_EQUAL,
          Bpf.JUMP_IF_GREATER,
          Bpf.JUMP_IF_NOT_LESS,
          Bpf.JUMP_IF_ANY_BIT ->
          one;
      default -> throw new Unusual("another instruction");
    };
  }

  private static Loaded masked(Loaded loaded, int mask) throws Unusual {
    if (loaded.offset() <= Bpf.ARCHITECTURE) {
      throw new Unusual("bits of what is a number");
    }
    return new Loaded(loaded.offset(), loaded.mask() & mask);
  }

  private int number(Answer answer) {
    return numbers.computeIfAbsent(
        answer,
        one -> {
          answers.add(one);
          return answers.size() - 1;
        });
  }

  /** Of one system call, of which everything but the arguments is known. */
  private final class Run {
    private final int architecture;
    private final int call;
    private final Map<Place, Integer> found = new HashMap<>();

    Run(int architecture, int call) {
      this.architecture = architecture;
      this.call = call;
    }

    int from(int start, Loaded before, int depth) throws Unusual {
      Loaded loaded = before;
      for (int at = start; ; at++) {
        Instruction one = instruction(at);
        switch (one.code()) {
          case Bpf.LOAD -> loaded = new Loaded(one.operand(), ALL);
          case Bpf.AND -> loaded = masked(loaded, one.operand());
          case Bpf.JUMP -> at += one.operand();
          case Bpf.RETURN -> {
            return number(new Answer.Action(one.operand()));
          }
          default -> {
            if (loaded.offset() > Bpf.ARCHITECTURE) {
              return decided(new Place(at, loaded), one, depth);
            }
            at += one.skip(one.holds(known(loaded)));
          }
        }
      }
    }

    private int known(Loaded loaded) {
      return switch (loaded.offset()) {
        case Bpf.NUMBER -> call;
        case Bpf.ARCHITECTURE -> architecture;
        default -> 0; // what the accumulator holds at first
      };
    }

    private int decided(Place place, Instruction one, int depth) throws Unusual {
      Integer known = found.get(place);
      if (known != null) {
        return known;
      }
      if (depth == MAX_DEPTH) {
        throw new Unusual("too many conditions");
      }
      Loaded loaded = place.loaded();
      int then = from(place.at() + 1 + one.ifTrue(), loaded, depth + 1);
      int otherwise = from(place.at() + 1 + one.ifNot(), loaded, depth + 1);
      Instruction condition = Instruction.of(one.code(), one.operand());
      int answer =
          then == otherwise
              ? then
              : number(new Answer.Test(loaded.offset(), loaded.mask(), condition, then, otherwise));
      found.put(place, answer);
      return answer;
    }
  }
}
