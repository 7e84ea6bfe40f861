package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Decimal;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.Named;
import dev.caisson.executor.plan.Argument.Numbers;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Instruction.Call;
import java.util.List;

/** Who the process is, and what it may do. Numbers: linux/prctl.h, linux/capability.h. */
sealed interface IdentityStep extends Step {

  /** Ids are unsigned 32-bit numbers, as everywhere in the kernel. */
  record SetGroups(List<Integer> groups) implements IdentityStep {
    @Override
    public Instruction instruction() {
      Argument list = groups.isEmpty() ? new Decimal(0) : new Numbers(groups);
      return Call.of(Syscall.SETGROUPS, new Decimal(groups.size()), list);
    }

    @Override
    public String describe() {
      return "set supplementary groups";
    }
  }

  record SetGroupId(int gid) implements IdentityStep {
    @Override
    public Instruction instruction() {
      Decimal id = new Decimal(Integer.toUnsignedLong(gid));
      return Call.of(Syscall.SETRESGID, id, id, id);
    }

    @Override
    public String describe() {
      return "become group " + Integer.toUnsignedString(gid);
    }
  }

  record SetUserId(int uid) implements IdentityStep {
    @Override
    public Instruction instruction() {
      Decimal id = new Decimal(Integer.toUnsignedLong(uid));
      return Call.of(Syscall.SETRESUID, id, id, id);
    }

    @Override
    public String describe() {
      return "become user " + Integer.toUnsignedString(uid);
    }
  }

  /**
   * A session keyring that no other process has: keyrings(7). What is in the one before would else
   * be found by all that come from there.
   */
  record NewSessionKeyring() implements IdentityStep {
    /** linux/keyctl.h. */
    private static final Named JOIN_SESSION_KEYRING = new Named("KEYCTL_JOIN_SESSION_KEYRING", 1);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.KEYCTL, JOIN_SESSION_KEYRING, new Decimal(0));
    }

    @Override
    public String describe() {
      return "make a session keyring";
    }
  }

  /**
   * Nobody of the same user looks into what is not the program's yet. The change of user has undone
   * it where {@code fs.suid_dumpable} says so; the kernel decides anew when the program is
   * executed.
   */
  record NotDumpable() implements IdentityStep {
    private static final Named PR_SET_DUMPABLE = new Named("PR_SET_DUMPABLE", 4);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PRCTL, PR_SET_DUMPABLE, new Decimal(0));
    }

    @Override
    public String describe() {
      return "become undumpable again";
    }
  }

  /** The permitted set outlives the change of the user id, for the steps that follow it. */
  record KeepCapabilities() implements IdentityStep {
    private static final Named PR_SET_KEEPCAPS = new Named("PR_SET_KEEPCAPS", 8);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PRCTL, PR_SET_KEEPCAPS, new Decimal(1));
    }

    @Override
    public String describe() {
      return "keep capabilities across the change of user";
    }
  }

  record DropBounding(int capability) implements IdentityStep {
    private static final Named PR_CAPBSET_DROP = new Named("PR_CAPBSET_DROP", 24);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PRCTL, PR_CAPBSET_DROP, Capability.argument(capability));
    }

    @Override
    public String describe() {
      return "drop " + Capability.argument(capability).text() + " from the bounding set";
    }
  }

  /** Each set as bits: capabilities(7). */
  record SetCapabilities(long effective, long permitted, long inheritable) implements IdentityStep {
    /** {@code _LINUX_CAPABILITY_VERSION_3}. */
    private static final Named VERSION = new Named("_LINUX_CAPABILITY_VERSION_3", 0x2008_0522);

    @Override
    public Instruction instruction() {
      Struct header =
          new Struct(List.of(new Field("version", 4, VERSION), new Field("", 4, new Decimal(0))));
      Struct sets =
          new Struct(
              List.of(
                  low("effective", effective),
                  low("permitted", permitted),
                  low("inheritable", inheritable),
                  high(effective),
                  high(permitted),
                  high(inheritable)));
      return Call.of(Syscall.CAPSET, header, sets);
    }

    private static Field low(String name, long set) {
      return new Field(name, 4, new Named(Capability.text(set), set & 0xffff_ffffL));
    }

    private static Field high(long set) {
      return new Field("", 4, new Decimal(set >>> 32));
    }

    @Override
    public String describe() {
      return "set capabilities";
    }
  }

  record ClearAmbient() implements IdentityStep {
    private static final Named PR_CAP_AMBIENT = new Named("PR_CAP_AMBIENT", 47);
    private static final Named CLEAR_ALL = new Named("PR_CAP_AMBIENT_CLEAR_ALL", 4);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PRCTL, PR_CAP_AMBIENT, CLEAR_ALL);
    }

    @Override
    public String describe() {
      return "clear the ambient capabilities";
    }
  }

  record RaiseAmbient(int capability) implements IdentityStep {
    private static final Named PR_CAP_AMBIENT = new Named("PR_CAP_AMBIENT", 47);
    private static final Named RAISE = new Named("PR_CAP_AMBIENT_RAISE", 2);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PRCTL, PR_CAP_AMBIENT, RAISE, Capability.argument(capability));
    }

    @Override
    public String describe() {
      return "raise ambient " + Capability.argument(capability).text();
    }
  }

  /** No execve(2) grants more than there is now. */
  record NoNewPrivileges() implements IdentityStep {
    private static final Named PR_SET_NO_NEW_PRIVS = new Named("PR_SET_NO_NEW_PRIVS", 38);

    @Override
    public Instruction instruction() {
      return Call.of(Syscall.PRCTL, PR_SET_NO_NEW_PRIVS, new Decimal(1));
    }

    @Override
    public String describe() {
      return "set no_new_privs";
    }
  }
}
