package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.OpenText;
import dev.caisson.executor.plan.Argument.Texts;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.User;
import java.util.List;
import java.util.Optional;

/**
 * The last part of every program that executes a caller's: from full rights in the user namespace
 * to what the process is to have.
 *
 * <p>The working directory is entered twice, before and after the change of user. Before: images
 * have directories that only root may enter, and start in them as somebody else. After: a
 * filesystem may know the user and not root. Either one is enough, and a program cannot say "or";
 * so the process starts from a directory outside its root, both may be refused, and the check of
 * the working directory fails unless one has succeeded.
 */
final class ProcessTail {
  /** The field of the working directory. */
  static final String DIRECTORY = "process.cwd";

  private static final String CAPABILITIES = "process.capabilities";
  private static final String USER = "process.user";

  /** What the specification says where a process does not. */
  static final int DEFAULT_UMASK = 022;

  /** Of a home directory: {@code PATH_MAX} less the null. */
  static final int MAX_HOME_BYTES = 4095;

  private static final List<Tolerable> MISSING = List.of(Tolerable.ENOENT, Tolerable.ENOTDIR);
  private static final List<Tolerable> REFUSED =
      List.of(Tolerable.ENOENT, Tolerable.ENOTDIR, Tolerable.EACCES);

  private final Process process;
  private final ProcessAttributes attributes;
  private final boolean pipes;
  private final int lastCapability;
  private final Optional<Filter> filter;
  private final boolean groups;
  private Optional<String> file = Optional.empty();
  private Passed passed = Passed.NONE;

  ProcessTail(
      ProcessAttributes attributes,
      boolean pipes,
      int lastCapability,
      Optional<Filter> filter,
      boolean groups) {
    this.process = attributes.process();
    this.attributes = attributes;
    this.pipes = pipes;
    this.lastCapability = lastCapability;
    this.filter = filter;
    this.groups = groups;
  }

  /** This file, with the environment as it is, instead of what the arguments name. */
  ProcessTail executing(Optional<String> path) {
    file = path;
    return this;
  }

  /** With these descriptors. */
  ProcessTail given(Passed descriptors) {
    passed = descriptors;
    return this;
  }

  /** The working directory, clean. */
  static String directory(Process process) {
    return Paths.clean(DIRECTORY, process.getCwd().isEmpty() ? "/" : process.getCwd());
  }

  void addTo(Assembly assembly) {
    if (pipes && !process.getTerminal()) {
      redirect(assembly);
    }
    Texts environment = environment(assembly);
    assembly.add(new ProcessStep.NewSession());
    // Without keys there is nothing to find; what forbids this around the executor forbids it
    // inside, too.
    assembly.add(
        new IdentityStep.NewSessionKeyring().tolerating(Tolerable.ENOSYS, Tolerable.EPERM));
    if (process.getTerminal()) {
      assembly.add(new TerminalStep.TakeControl());
    }
    limit(assembly);
    attributes.addTo(assembly);
    assembly.concerns("");
    assembly.add(new ProcessStep.SetUmask(process.hasUmask() ? process.getUmask() : DEFAULT_UMASK));
    enterDirectory(assembly);
    if (!process.getNoNewPrivileges()) {
      filter(assembly); // which takes CAP_SYS_ADMIN here: seccomp(2)
    }
    changeIdentity(assembly);
    passed.closeOthers(assembly);
    assembly.concerns(DIRECTORY);
    assembly.add(new ProcessStep.CheckDirectory(directory(process)));
    attributes.labels().addTo(assembly);
    assembly.concerns("");
    if (process.getNoNewPrivileges()) {
      filter(assembly); // last of all: it need not allow anything of the above
    }
    execute(assembly, environment);
  }

  private void filter(Assembly assembly) {
    filter.ifPresent(one -> FilterStep.install(assembly, one));
  }

  private void redirect(Assembly assembly) {
    User user = process.getUser();
    for (Donation.Stream stream : Donation.Stream.values()) {
      var pipe =
          assembly.donate(
              new Donation.Stdio(stream, user.getUid(), user.getGid(), passed.streams()));
      assembly.add(new FileStep.Redirect(pipe, stream));
    }
  }

  private void limit(Assembly assembly) {
    for (int i = 0; i < process.getRlimitsCount(); i++) {
      var limit = process.getRlimits(i);
      assembly.concerns("process.rlimits[" + i + "]");
      assembly.add(
          new ProcessStep.SetRlimit(
              ProcessRules.rlimit(limit.getType()), limit.getSoft(), limit.getHard()));
    }
  }

  private void enterDirectory(Assembly assembly) {
    assembly.concerns(DIRECTORY);
    assembly.add(
        new ProcessStep.ChangeDirectory(directory(process))
            .tolerating(Tolerable.EACCES, Tolerable.EPERM));
    assembly.concerns("");
  }

  private void changeIdentity(Assembly assembly) {
    CapabilitySets sets = CapabilitySets.of(process.getCapabilities());
    User user = process.getUser();
    assembly.concerns(USER);
    setGroups(assembly, user);
    assembly.concerns(CAPABILITIES);
    // While CAP_SETPCAP is effective, which the change of user ends.
    for (int capability = 0; capability <= lastCapability; capability++) {
      if (!Capability.has(sets.bounding(), capability)) {
        assembly.add(new IdentityStep.DropBounding(capability));
      }
    }
    assembly.add(new IdentityStep.KeepCapabilities());
    assembly.concerns(USER);
    assembly.add(new IdentityStep.SetGroupId(user.getGid()));
    assembly.add(new IdentityStep.SetUserId(user.getUid()));
    // Before capabilities go: until then whoever has fewer is refused.
    assembly.add(new IdentityStep.NotDumpable());
    enterDirectory(assembly);
    assembly.concerns(CAPABILITIES);
    setCapabilities(assembly, sets);
    assembly.concerns("");
  }

  private void setGroups(Assembly assembly, User user) {
    if (groups) {
      assembly.add(new IdentityStep.SetGroups(user.getAdditionalGidsList()));
    } else if (user.getAdditionalGidsCount() > 0) {
      throw Refusal.invalid(
              "process.user.additional_gids",
              "be absent, since the executor's user namespace may not change groups",
              user.getAdditionalGidsList())
          .exception();
    }
  }

  private void setCapabilities(Assembly assembly, CapabilitySets sets) {
    assembly.add(
        new IdentityStep.SetCapabilities(sets.effective(), sets.permitted(), sets.inheritable()));
    assembly.add(new IdentityStep.ClearAmbient());
    Capability.members(sets.ambient())
        .forEach(capability -> assembly.add(new IdentityStep.RaiseAmbient(capability)));
    if (process.getNoNewPrivileges()) {
      assembly.add(new IdentityStep.NoNewPrivileges());
    }
  }

  /** HOME is read while nothing can forbid it yet. */
  private Texts environment(Assembly assembly) {
    Environment given = Environment.of(process.getEnvList());
    if (given.hasHome() || file.isPresent()) {
      return new Texts(given.entries());
    }
    OpenText home = new OpenText("HOME=", MAX_HOME_BYTES);
    var pipe = assembly.donate(new Donation.Home(process.getUser().getUid()));
    assembly.add(new FileStep.ReadRest(pipe, home));
    return new Texts(given.entries(), Optional.of(home));
  }

  /**
   * Looks at one candidate after the other, as execvp(3) does: what is missing is passed over, and
   * what may not be executed too, but then it is what the caller is told. Since a program cannot
   * remember that, all have a second turn in which only what is missing is passed over.
   */
  private void execute(Assembly assembly, Texts environment) {
    if (passed.program()) {
      var program = assembly.donate(new Donation.Given(Passed.PROGRAM));
      assembly.add(
          new ProcessStep.ExecuteGiven(program, new Texts(process.getArgsList()), environment));
      return;
    }
    List<String> candidates =
        file.map(List::of)
            .orElseGet(() -> Environment.of(process.getEnvList()).candidates(process.getArgs(0)));
    if (candidates.size() > 1) {
      candidates.forEach(path -> execute(assembly, environment, path, REFUSED));
    }
    candidates
        .subList(0, candidates.size() - 1)
        .forEach(path -> execute(assembly, environment, path, MISSING));
    execute(assembly, environment, candidates.getLast(), List.of());
  }

  private void execute(
      Assembly assembly, Texts environment, String path, List<Tolerable> passedOver) {
    Texts args = new Texts(process.getArgsList());
    assembly.add(new ProcessStep.Execute(path, args, environment, passedOver));
  }

  /** The five sets, as bits; absent ones are empty. */
  private record CapabilitySets(
      long bounding, long effective, long permitted, long inheritable, long ambient) {

    static CapabilitySets of(Capabilities given) {
      return new CapabilitySets(
          Capability.set(CAPABILITIES + ".bounding", given.getBoundingList()),
          Capability.set(CAPABILITIES + ".effective", given.getEffectiveList()),
          Capability.set(CAPABILITIES + ".permitted", given.getPermittedList()),
          Capability.set(CAPABILITIES + ".inheritable", given.getInheritableList()),
          Capability.set(CAPABILITIES + ".ambient", given.getAmbientList()));
    }

    CapabilitySets {
      within("effective", effective, "permitted", permitted);
      within("ambient", ambient, "permitted", permitted);
      within("ambient", ambient, "inheritable", inheritable);
      // capset(2): what a process inherits lies within what it had (nothing, here) and the bound.
      within("inheritable", inheritable, "bounding", bounding);
    }

    /** The kernel's rule: capabilities(7), capset(2). */
    private static void within(String set, long inner, String of, long outer) {
      if ((inner & ~outer) != 0) {
        throw Refusal.invalid(
                CAPABILITIES + "." + set,
                "be contained in " + CAPABILITIES + "." + of,
                Capability.text(inner & ~outer))
            .exception();
      }
    }
  }
}
