package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Seccomp;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What a specification says of system calls, for those who decide on it and who carry it out. */
public final class FilterRules {
  /** {@code MAX_ERRNO} of linux/err.h. */
  private static final int MAX_ERRNO = 4095;

  private static final int MAX_ARGUMENT = 5;

  /** Made under a filter that goes in before the capabilities go. */
  private static final List<String> CHANGE_OF_IDENTITY =
      List.of(
          "setgroups",
          "prctl",
          "setresgid",
          "setresuid",
          "chdir",
          "capset",
          "close_range",
          "getcwd");

  private static final Set<String> ARCHITECTURES =
      Set.of(
          "X86",
          "X86_64",
          "X32",
          "ARM",
          "AARCH64",
          "MIPS",
          "MIPS64",
          "MIPS64N32",
          "MIPSEL",
          "MIPSEL64",
          "MIPSEL64N32",
          "PPC",
          "PPC64",
          "PPC64LE",
          "S390",
          "S390X",
          "PARISC",
          "PARISC64",
          "RISCV64",
          "LOONGARCH64",
          "M68K",
          "SH",
          "SHEB");

  private static final String ARCHITECTURE = "SCMP_ARCH_";

  private static final Set<String> OPERATORS =
      Set.of(
          "SCMP_CMP_NE",
          "SCMP_CMP_LT",
          "SCMP_CMP_LE",
          "SCMP_CMP_EQ",
          "SCMP_CMP_GE",
          "SCMP_CMP_GT",
          "SCMP_CMP_MASKED_EQ");

  /** Of the program's only thread: there is no other to be brought in line. */
  private static final String NO_EFFECT = "SECCOMP_FILTER_FLAG_TSYNC";

  private static final Set<Flag> FLAGS =
      EnumSet.of(
          Flag.SECCOMP_FILTER_FLAG_LOG,
          Flag.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
          Flag.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

  private FilterRules() {}

  /**
   * What a filter may do with a system call, whatever its arguments. Where rules contradict each
   * other, more than it does.
   */
  public static Set<FilterAction> possible(Seccomp seccomp, String call) {
    Set<FilterAction> possible = EnumSet.noneOf(FilterAction.class);
    boolean always = false;
    for (Seccomp.SyscallRule rule : seccomp.getRulesList()) {
      if (rule.getNamesList().contains(call)) {
        possible.add(FilterAction.named("seccomp.rules.action", rule.getAction()));
        always |= rule.getConditionsCount() == 0;
      }
    }
    if (!always) {
      possible.add(FilterAction.named("seccomp.default_action", seccomp.getDefaultAction()));
    }
    return possible;
  }

  /** Whether some system calls are put before a listener. */
  public static boolean notifies(Seccomp seccomp) {
    String notify = FilterAction.SCMP_ACT_NOTIFY.name();
    return seccomp.getRulesList().stream().anyMatch(rule -> rule.getAction().equals(notify));
  }

  /** The flags of seccomp(2). */
  public static List<Flag> flags(Seccomp seccomp) {
    Set<Flag> flags = EnumSet.noneOf(Flag.class);
    seccomp.getFlagsList().stream()
        .filter(name -> !name.equals(NO_EFFECT))
        .forEach(name -> flags.add(flag(name)));
    if (notifies(seccomp)) {
      flags.add(Flag.SECCOMP_FILTER_FLAG_NEW_LISTENER);
    } else {
      require(
          !flags.contains(Flag.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
          "seccomp.flags",
          "have SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV with SCMP_ACT_NOTIFY only",
          seccomp.getFlagsList());
    }
    return List.copyOf(flags);
  }

  private static Flag flag(String name) {
    return FLAGS.stream()
        .filter(flag -> flag.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            Refusal.invalid("seccomp.flags", "be flags, as in SECCOMP_FILTER_FLAG_LOG", name)
                .exception());
  }

  /** An architecture as libseccomp names it. */
  public static String architecture(String name) {
    require(
        name.startsWith(ARCHITECTURE)
            && ARCHITECTURES.contains(name.substring(ARCHITECTURE.length())),
        "seccomp.architectures",
        "be architectures, as in SCMP_ARCH_X86_64",
        name);
    return name.substring(ARCHITECTURE.length()).toLowerCase(java.util.Locale.ROOT);
  }

  /**
   * Says what is wrong with the message alone.
   *
   * @throws dev.caisson.executor.refusal.RefusedException naming the field
   */
  public static void check(Seccomp seccomp) {
    FilterAction other = FilterAction.named("seccomp.default_action", seccomp.getDefaultAction());
    require(
        other != FilterAction.SCMP_ACT_NOTIFY,
        "seccomp.default_action",
        "not be SCMP_ACT_NOTIFY: name the system calls that are to be handed on",
        other);
    checkErrno(
        "seccomp.default_errno", other, seccomp.hasDefaultErrno(), seccomp.getDefaultErrno());
    seccomp.getArchitecturesList().forEach(FilterRules::architecture);
    seccomp.getRulesList().forEach(FilterRules::checkRule);
    var _ = flags(seccomp);
    checkListener(seccomp);
    require(
        possible(seccomp, "execve").stream().anyMatch(FilterAction::passes),
        "seccomp",
        "let execve pass: no program could be started",
        possible(seccomp, "execve"));
  }

  private static void checkRule(Seccomp.SyscallRule rule) {
    FilterAction action = FilterAction.named("seccomp.rules.action", rule.getAction());
    require(rule.getNamesCount() > 0, "seccomp.rules.names", "have at least one entry", "none");
    rule.getNamesList()
        .forEach(name ->
            require(
                !name.isEmpty() && name.indexOf('\0') < 0,
                "seccomp.rules.names",
                "be names of system calls",
                name));
    checkErrno("seccomp.rules.errno", action, rule.hasErrno(), rule.getErrno());
    for (Seccomp.Condition condition : rule.getConditionsList()) {
      require(
          Integer.compareUnsigned(condition.getIndex(), MAX_ARGUMENT) <= 0,
          "seccomp.rules.conditions.index",
          "be 0 to 5",
          Integer.toUnsignedString(condition.getIndex()));
      require(
          OPERATORS.contains(condition.getOp()),
          "seccomp.rules.conditions.op",
          "be a comparison, as in SCMP_CMP_EQ",
          condition.getOp());
    }
  }

  private static void checkErrno(String field, FilterAction action, boolean given, int errno) {
    require(
        !given || action.carriesErrno(),
        field,
        "be absent with an action that has none",
        action + " with " + Integer.toUnsignedString(errno));
    require(
        Integer.compareUnsigned(errno, MAX_ERRNO) <= 0,
        field,
        "be 0 to " + MAX_ERRNO,
        Integer.toUnsignedString(errno));
  }

  private static void checkListener(Seccomp seccomp) {
    String path = seccomp.getListenerPath();
    require(
        !path.isEmpty() || seccomp.getListenerMetadata().isEmpty(),
        "seccomp.listener_metadata",
        "be absent without a listener_path",
        "given");
    if (notifies(seccomp)) {
      var _ = Paths.clean("seccomp.listener_path", path);
      // It carries the listener, when the filter is in force already and nobody listens yet.
      requirePlain(seccomp, "sendmsg");
    }
  }

  private static void requirePlain(Seccomp seccomp, String call) {
    Set<FilterAction> plain = EnumSet.of(FilterAction.SCMP_ACT_ALLOW, FilterAction.SCMP_ACT_LOG);
    require(
        plain.containsAll(possible(seccomp, call)),
        "seccomp",
        "allow " + call + " where it uses SCMP_ACT_NOTIFY: the listener is handed out by it",
        possible(seccomp, call));
  }

  /** Says whether a process can be set up under the specification's filter. */
  static void check(Process process, ContainerSpec spec, Optional<Filter> filter, Passed passed) {
    if (spec.hasSeccomp() != filter.isPresent()) {
      throw new IllegalArgumentException("filter must be there where seccomp is");
    }
    if (spec.hasSeccomp() && passed.program()) {
      require(
          possible(spec.getSeccomp(), "execveat").stream().anyMatch(FilterAction::passes),
          "seccomp",
          "let execveat pass: the donated program could not be started",
          possible(spec.getSeccomp(), "execveat"));
    }
    if (!spec.hasSeccomp() || process.getNoNewPrivileges()) {
      return;
    }
    CHANGE_OF_IDENTITY.forEach(call ->
        require(
            possible(spec.getSeccomp(), call).stream().anyMatch(FilterAction::passes),
            "seccomp",
            "let "
                + call
                + " pass, or process.no_new_privileges be set: else the filter is in force before"
                + " the process has its own identity",
            possible(spec.getSeccomp(), call)));
  }

  private static void require(boolean holds, String field, String rule, Object value) {
    if (!holds) {
      throw Refusal.invalid(field, rule, value).exception();
    }
  }
}
