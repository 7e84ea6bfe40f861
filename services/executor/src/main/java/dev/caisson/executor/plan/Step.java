package dev.caisson.executor.plan;

import java.util.List;

/**
 * One thing that a program does: one system call, or one barrier. Values; what they are made of is
 * nobody's business outside this package, which is why the kinds are not public.
 */
public sealed interface Step
    permits AttributeStep,
        FileStep,
        FilterStep,
        MountStep,
        NamespaceStep,
        IdentityStep,
        ProcessStep,
        TerminalStep,
        Step.Barrier,
        Step.Report,
        Step.Await,
        Step.Next,
        Step.Lenient,
        Step.Conditional {

  /** What is done, as words that can follow "Failed to". */
  String describe();

  /** What caisson-init is told. */
  Instruction instruction();

  /** One line, in the manner of strace(1). */
  default String text() {
    return instruction().text();
  }

  /** The same step, for which some errors are no failure. */
  default Step tolerating(Tolerable... errors) {
    return new Lenient(this, List.of(errors));
  }

  /**
   * The same step, which is done only if an earlier one has filled a slot. Otherwise its own slot
   * holds an error.
   */
  default Step onlyIf(Argument.Slot open) {
    return new Conditional(this, new Argument.Condition(open, true));
  }

  /** The same step, which is done only if an earlier one has failed to fill a slot. */
  default Step onlyUnless(Argument.Slot open) {
    return new Conditional(this, new Argument.Condition(open, false));
  }

  /** Waits until the executor opens the gate. */
  record Barrier(String name) implements Step {
    @Override
    public Instruction instruction() {
      return new Instruction.Gate(name);
    }

    @Override
    public String describe() {
      return "pass barrier " + name;
    }
  }

  /** Tells the executor that it has come here, and goes on. */
  record Report(String name) implements Step {
    @Override
    public Instruction instruction() {
      return new Instruction.Report(name);
    }

    @Override
    public String describe() {
      return "report " + name;
    }
  }

  /** Waits until the executor opens the gate, and does not tell it so. */
  record Await(String name) implements Step {
    @Override
    public Instruction instruction() {
      return new Instruction.Await(name);
    }

    @Override
    public String describe() {
      return "await " + name;
    }
  }

  /** Waits for another program, which is run instead of what would follow. */
  record Next() implements Step {
    @Override
    public Instruction instruction() {
      return new Instruction.Next();
    }

    @Override
    public String describe() {
      return "receive the next program";
    }
  }

  /**
   * A step with errors that are no failure. A slot then holds the negative error, and is no
   * descriptor.
   */
  record Lenient(Step step, List<Tolerable> errors) implements Step {
    public Lenient {
      errors = List.copyOf(errors);
      if (!(step.instruction() instanceof Instruction.Call)) {
        throw new IllegalArgumentException("step must be a system call: " + step.text());
      }
    }

    @Override
    public Instruction instruction() {
      return ((Instruction.Call) step.instruction()).tolerating(errors);
    }

    @Override
    public String describe() {
      return step.describe();
    }
  }

  /** A system call that is not always made. */
  record Conditional(Step step, Argument.Condition condition) implements Step {
    @Override
    public Instruction instruction() {
      return ((Instruction.Call) step.instruction()).only(condition);
    }

    @Override
    public String describe() {
      return step.describe();
    }
  }
}
