package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Bits;
import dev.caisson.executor.plan.Argument.Bytes;
import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Argument.Text;
import dev.caisson.executor.plan.Instruction.Call;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How the kernel schedules a process, as what it appears to it, and what it is held to. */
sealed interface AttributeStep extends Step {
  /** The process itself. */
  Decimal SELF = new Decimal(0);

  /** ioprio_set(2); numbers: linux/ioprio.h. */
  record SetIoPriority(Scheduling.IoClass ioClass, int priority) implements AttributeStep {
    private static final Named WHO_PROCESS = new Named("IOPRIO_WHO_PROCESS", 1);
    private static final int CLASS_SHIFT = 13;

    @Override
    public Instruction instruction() {
      String name = "IOPRIO_PRIO_VALUE(" + ioClass + ", " + priority + ")";
      long value = (long) ioClass.number() << CLASS_SHIFT | priority;
      return Call.of(Syscall.IOPRIO_SET, WHO_PROCESS, SELF, new Named(name, value));
    }

    @Override
    public String describe() {
      return "set I/O priority " + ioClass + " " + priority;
    }
  }

  /** sched_setattr(2); the structure is {@code struct sched_attr} of linux/sched/types.h. */
  record SetScheduler(
      Scheduling.Policy policy,
      List<Flag> flags,
      int nice,
      int priority,
      long runtime,
      long deadline,
      long period)
      implements AttributeStep {
    /** {@code SCHED_ATTR_SIZE_VER0}. */
    private static final int SIZE = 48;

    public SetScheduler {
      flags = List.copyOf(flags);
    }

    @Override
    public Instruction instruction() {
      Struct attributes =
          new Struct(
              List.of(
                  new Field("size", 4, new Decimal(SIZE)),
                  new Field("sched_policy", 4, new Named(policy.name(), policy.number())),
                  new Field("sched_flags", 8, new Bits(flags)),
                  new Field(
                      "sched_nice", 4, new Named(Integer.toString(nice), nice & 0xffff_ffffL)),
                  new Field("sched_priority", 4, new Decimal(priority)),
                  new Field("sched_runtime", 8, new Decimal(runtime)),
                  new Field("sched_deadline", 8, new Decimal(deadline)),
                  new Field("sched_period", 8, new Decimal(period))));
      return Call.of(Syscall.SCHED_SETATTR, SELF, attributes, new Decimal(0));
    }

    @Override
    public String describe() {
      return "set scheduling policy " + policy;
    }
  }

  /** sched_setaffinity(2). */
  record SetAffinity(NumberList cpus) implements AttributeStep {
    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.SCHED_SETAFFINITY,
          SELF,
          new Decimal(cpus.mask().size()),
          new Bytes(cpus.mask(), "[" + cpus.text() + "]"));
    }

    @Override
    public String describe() {
      return "run on CPUs " + cpus.text();
    }
  }

  /**
   * set_mempolicy(2).
   *
   * @param nodes empty: none
   */
  record SetMemoryPolicy(MemoryPolicies.Mode mode, List<Flag> flags, Optional<NumberList> nodes)
      implements AttributeStep {
    public SetMemoryPolicy {
      flags = List.copyOf(flags);
    }

    @Override
    public Instruction instruction() {
      String names =
          Stream.concat(Stream.of(mode), flags.stream())
              .map(Enum::name)
              .collect(Collectors.joining("|"));
      long bits = flags.stream().mapToLong(Flag::hostBits).reduce(mode.number(), (a, b) -> a | b);
      return Call.of(Syscall.SET_MEMPOLICY, new Named(names, bits), mask(), count());
    }

    private Argument mask() {
      return nodes
          .<Argument>map(list -> new Bytes(list.mask(), "[" + list.text() + "]"))
          .orElse(new Decimal(0));
    }

    /** Of the mask's bits, and one more: the kernel counts so. */
    private Decimal count() {
      return new Decimal(nodes.map(list -> list.mask().size() * Byte.SIZE + 1).orElse(0));
    }

    @Override
    public String describe() {
      return "set memory policy " + mode + nodes.map(list -> " of nodes " + list.text()).orElse("");
    }
  }

  /**
   * What the next program is executed under: proc_pid_attr(5).
   *
   * @param label in words
   */
  record WriteLabel(Descriptor file, String text, String label) implements AttributeStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.WRITE, file, new Text(text), new Decimal(text.length()));
    }

    @Override
    public String describe() {
      return "set " + label;
    }
  }

  /** personality(2); numbers: linux/personality.h. */
  record SetPersonality(Domain domain) implements AttributeStep {
    /** What uname(2) says that the machine is. */
    enum Domain {
      PER_LINUX(0),
      PER_LINUX32(8);

      private final int number;

      Domain(int number) {
        this.number = number;
      }
    }

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PERSONALITY, new Named(domain.name(), domain.number));
    }

    @Override
    public String describe() {
      return "set personality " + domain;
    }
  }
}
