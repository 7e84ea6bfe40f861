package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Cell;
import dev.caisson.executor.plan.Argument.Condition;
import dev.caisson.executor.plan.Argument.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What caisson-init interprets: one for each step. */
sealed interface Instruction {
  String text();

  /** Report, and wait until the executor opens the gate. */
  record Gate(String name) implements Instruction {
    @Override
    public String text() {
      return "barrier(" + Quoted.of(name) + ")";
    }
  }

  /** Report, and go on. */
  record Report(String name) implements Instruction {
    @Override
    public String text() {
      return "report(" + Quoted.of(name) + ")";
    }
  }

  /** Wait until the executor opens the gate, which it may have done before. */
  record Await(String name) implements Instruction {
    @Override
    public String text() {
      return "await(" + Quoted.of(name) + ")";
    }
  }

  /** Report, and go on with the program that is received. */
  record Next() implements Instruction {
    @Override
    public String text() {
      return "next_program()";
    }
  }

  /**
   * A system call.
   *
   * @param result where the result goes
   * @param tolerated errors that are no failure, at most {@link #MAX_TOLERATED}
   * @param candidate the program ends with success unless this fails with a tolerated error
   * @param rooted what argument 0 points to must start with {@code /} afterwards
   * @param stored what the result is written to, beside or instead of a slot
   */
  record Call(
      Syscall syscall,
      List<Argument> arguments,
      Optional<Slot> result,
      List<Tolerable> tolerated,
      boolean candidate,
      boolean rooted,
      Optional<Cell> stored)
      implements Instruction {
    /** {@code step.tolerated} in caisson_init.h. */
    static final int MAX_TOLERATED = 4;

    /** Registers that a system call has. */
    static final int MAX_ARGUMENTS = 6;

    public Call {
      arguments = List.copyOf(arguments);
      tolerated = List.copyOf(tolerated);
      if (arguments.size() > MAX_ARGUMENTS || tolerated.size() > MAX_TOLERATED) {
        throw new IllegalArgumentException("call must fit into a step: " + syscall);
      }
    }

    static Call of(Syscall syscall, Argument... arguments) {
      return new Call(
          syscall, List.of(arguments), Optional.empty(), List.of(), false, false, Optional.empty());
    }

    Call into(Slot slot) {
      return new Call(syscall, arguments, Optional.of(slot), tolerated, candidate, rooted, stored);
    }

    Call tolerating(List<Tolerable> errors) {
      List<Tolerable> all = new ArrayList<>(tolerated);
      all.addAll(errors);
      return new Call(syscall, arguments, result, all, candidate, rooted, stored);
    }

    Call asCandidate(List<Tolerable> errors) {
      return new Call(syscall, arguments, result, errors, true, rooted, stored);
    }

    Call asRooted() {
      return new Call(syscall, arguments, result, tolerated, candidate, true, stored);
    }

    /** The same, which is made only under one more condition. */
    Call only(Condition condition) {
      List<Argument> all = new ArrayList<>(arguments);
      all.add(condition);
      return new Call(syscall, all, result, tolerated, candidate, rooted, stored);
    }

    Call storing(Cell cell) {
      return new Call(syscall, arguments, result, tolerated, candidate, rooted, Optional.of(cell));
    }

    @Override
    public String text() {
      String line =
          arguments.stream()
              .filter(argument -> !(argument instanceof Condition))
              .map(Argument::text)
              .collect(Collectors.joining(", ", syscall.symbol() + "(", ")"));
      line += result.map(slot -> " = " + slot.text()).orElse("");
      line += stored.map(cell -> " = " + cell.text()).orElse("");
      line += rooted ? " = \"/...\"" : "";
      return line + tolerance() + conditions();
    }

    private String conditions() {
      return arguments.stream()
          .filter(Condition.class::isInstance)
          .map(condition -> " " + condition.text())
          .collect(Collectors.joining());
    }

    private String tolerance() {
      return tolerated.stream().map(error -> " or " + error).collect(Collectors.joining());
    }
  }
}
