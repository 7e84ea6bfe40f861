package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Bits;
import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Octal;
import dev.caisson.executor.plan.Argument.Room;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Argument.Text;
import dev.caisson.executor.plan.Argument.Texts;
import dev.caisson.executor.plan.Instruction.Call;
import java.util.List;

/** What a process inherits, and what it becomes. */
sealed interface ProcessStep extends Step {

  record NewSession() implements ProcessStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.SETSID);
    }

    @Override
    public String describe() {
      return "start a session";
    }
  }

  /** Killed when its parent ends, prctl(2), unless what it executes has capabilities of its own. */
  record EndWithParent() implements ProcessStep {
    private static final Named PR_SET_PDEATHSIG = new Named("PR_SET_PDEATHSIG", 1);
    private static final Named SIGKILL = new Named("SIGKILL", 9);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PRCTL, PR_SET_PDEATHSIG, SIGKILL);
    }

    @Override
    public String describe() {
      return "end with its parent";
    }
  }

  /** The current directory becomes the root: chroot(2). */
  record MakeRoot() implements ProcessStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.CHROOT, new Text("."));
    }

    @Override
    public String describe() {
      return "enter the host's root";
    }
  }

  record SetRlimit(Rlimit limit, long soft, long hard) implements ProcessStep {
    @Override
    public Instruction instruction() {
      Struct limits =
          new Struct(
              List.of(
                  new Field("rlim_cur", 8, Rlimit.value(soft)),
                  new Field("rlim_max", 8, Rlimit.value(hard))));
      return Call.of(Syscall.PRLIMIT64, new Decimal(0), limit.argument(), limits, new Decimal(0));
    }

    @Override
    public String describe() {
      return "set limit " + limit.name();
    }
  }

  record SetUmask(int mask) implements ProcessStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.UMASK, new Octal(mask));
    }

    @Override
    public String describe() {
      return "set umask";
    }
  }

  record ChangeDirectory(String path) implements ProcessStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.CHDIR, new Text(path));
    }

    @Override
    public String describe() {
      return "enter directory " + path;
    }
  }

  record EnterDirectory(Descriptor directory, String name) implements ProcessStep {
    @Override
    public Instruction instruction() {
      return Call.of(Syscall.FCHDIR, directory);
    }

    @Override
    public String describe() {
      return "enter " + name;
    }
  }

  /**
   * The working directory must lie in the process's root: the kernel answers {@code (unreachable)…}
   * for any other, and the step fails.
   */
  record CheckDirectory(String path) implements ProcessStep {
    /** {@code PATH_MAX}: getcwd(2) never answers more. */
    private static final int PATH_MAX = 4096;

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.GETCWD, new Room(PATH_MAX), new Decimal(PATH_MAX)).asRooted();
    }

    @Override
    public String describe() {
      return "enter working directory " + path;
    }
  }

  /** Becomes the program that is donated. */
  record ExecuteGiven(Donated program, Texts args, Texts env) implements ProcessStep {
    @Override
    public Instruction instruction() {
      return Call.of(
          Syscall.EXECVEAT, program, new Text(""), args, env, Bits.of(Flag.AT_EMPTY_PATH));
    }

    @Override
    public String describe() {
      return "execute the donated program";
    }
  }

  /**
   * Becomes the program.
   *
   * @param passedOver errors after which the next candidate has its turn; none for the last
   */
  record Execute(String path, Texts args, Texts env, List<Tolerable> passedOver)
      implements ProcessStep {
    public Execute {
      passedOver = List.copyOf(passedOver);
    }

    @Override
    public Instruction instruction() {
      Call call = Call.of(Syscall.EXECVE, new Text(path), args, env);
      return passedOver.isEmpty() ? call : call.asCandidate(passedOver);
    }

    @Override
    public String describe() {
      return "execute " + args.values().getFirst();
    }
  }
}
