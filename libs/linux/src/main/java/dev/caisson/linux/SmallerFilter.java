package dev.caisson.linux;

import dev.caisson.linux.Bpf.Instruction;
import dev.caisson.linux.CallTable.Answer;
import dev.caisson.linux.CallTable.Range;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The same filter in fewer instructions: neighbouring system calls with the same answer are one
 * range, and ranges are looked up by halves. libseccomp compares with each number that a profile
 * names; the kernel's work at seccomp(2), which every process with a filter waits for, grows with
 * the number of instructions, and faster.
 *
 * <p>Written from its end, since jumps lead forward only: a place is the number of instructions
 * behind it.
 */
final class SmallerFilter {
  private final CallTable table;
  private final List<Instruction> backwards = new ArrayList<>();

  /** Where answers are, the nearest of each, by their numbers. */
  private final Map<Integer, Integer> actions = new HashMap<>();

  private final Map<Integer, Integer> loads = new HashMap<>();
  private final Map<Integer, Integer> conditions = new HashMap<>();

  private SmallerFilter(CallTable table) {
    this.table = table;
  }

  /** The program itself, where nothing smaller is found. */
  static ByteBuffer of(ByteBuffer program) {
    Instruction[] instructions = Bpf.decode(program);
    return CallTable.of(instructions)
        .flatMap(table -> new SmallerFilter(table).written())
        .filter(smaller -> smaller.length < instructions.length)
        .map(Bpf::encode)
        .orElse(program);
  }

  private Optional<Instruction[]> written() {
    Optional<List<Range>> others = table.ranges(table.otherArchitecture());
    if (others.isEmpty()) {
      return Optional.empty();
    }
    Map<Integer, Integer> entries = new LinkedHashMap<>();
    int next = entry(others.get());
    for (int architecture : table.architectures()) {
      Optional<List<Range>> ranges = table.ranges(architecture);
      if (ranges.isEmpty()) {
        return Optional.empty();
      }
      entries.put(architecture, entry(ranges.get()));
    }
    for (var entry : entries.entrySet()) {
      next = branch(Instruction.of(Bpf.JUMP_IF_EQUAL, entry.getKey()), entry.getValue(), next);
    }
    if (!entries.isEmpty()) {
      var _ = add(Instruction.of(Bpf.LOAD, Bpf.ARCHITECTURE));
    }
    Collections.reverse(backwards);
    return Optional.of(backwards.toArray(Instruction[]::new));
  }

  private int entry(List<Range> ranges) {
    if (ranges.size() == 1) {
      return place(ranges.getFirst().answer());
    }
    var _ = half(ranges);
    return add(Instruction.of(Bpf.LOAD, Bpf.NUMBER));
  }

  private int half(List<Range> ranges) {
    if (ranges.size() == 1) {
      return place(ranges.getFirst().answer());
    }
    int middle = ranges.size() / 2;
    int upper = half(ranges.subList(middle, ranges.size()));
    int lower = half(ranges.subList(0, middle));
    int first = ranges.get(middle).first();
    return branch(Instruction.of(Bpf.JUMP_IF_NOT_LESS, first), upper, lower);
  }

  /** Where an answer is that the next instruction can jump to. */
  private int place(int number) {
    return switch (table.answer(number)) {
      case Answer.Action(int bits) -> {
        Integer known = actions.get(number);
        if (known == null || !reaches(known)) {
          known = add(Instruction.of(Bpf.RETURN, bits));
          actions.put(number, known);
        }
        yield known;
      }
      case Answer.Test test -> loading(number, test);
    };
  }

  private int loading(int number, Answer.Test test) {
    Integer known = loads.get(number);
    int place;
    if (known == null) {
      int condition = condition(number, test);
      if (skip(condition) != 0) {
        var _ = jump(condition);
      }
      if (test.mask() != ~0) {
        var _ = add(Instruction.of(Bpf.AND, test.mask()));
      }
      place = add(Instruction.of(Bpf.LOAD, test.offset()));
    } else {
      place = near(known);
    }
    loads.put(number, place);
    return place;
  }

  /** Where its condition is: behind the loading of what it looks at. */
  private int condition(int number, Answer.Test test) {
    Integer known = conditions.get(number);
    int place;
    if (known == null) {
      int then = after(test, test.then());
      int otherwise = after(test, test.otherwise());
      // What was near before the other was written may be so no more.
      then = reaches(then) ? then : after(test, test.then());
      place = branch(test.condition(), then, otherwise);
    } else {
      place = near(known);
    }
    conditions.put(number, place);
    return place;
  }

  /** What looks at the same need not load it again. */
  private int after(Answer.Test test, int next) {
    return table.answer(next) instanceof Answer.Test other && other.looksWhere(test)
        ? condition(next, other)
        : place(next);
  }

  private int branch(Instruction condition, int then, int otherwise) {
    int yes = near(then);
    int no = near(otherwise);
    return add(new Instruction(condition.code(), skip(yes), skip(no), condition.operand()));
  }

  private int near(int place) {
    return reaches(place) ? place : jump(place);
  }

  private int jump(int place) {
    return add(Instruction.of(Bpf.JUMP, skip(place)));
  }

  /** With one more between them. */
  private boolean reaches(int place) {
    return skip(place) < Bpf.MAX_SKIP;
  }

  private int skip(int place) {
    return backwards.size() - 1 - place;
  }

  private int add(Instruction one) {
    backwards.add(one);
    return backwards.size() - 1;
  }
}
