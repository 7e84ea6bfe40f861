package dev.caisson.executor;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** For each attack the defence that makes it fail, and how an executor would be without. */
final class Weakenings {
  private static final Map<String, Weakening> ALL = weakenings();

  private Weakenings() {}

  static Weakening of(String attack) {
    Weakening weakening = ALL.get(attack);
    if (weakening == null) {
      throw new AssertionError("nothing is weakened for " + attack);
    }
    return weakening;
  }

  /** What takes no defence away, and without which the attack could not be tried here. */
  static Weakening circumstances(String attack) {
    return switch (attack) {
      // A host that has AppArmor.
      case "setALabelInAFalseProc" ->
          Weakening.none()
              .inJava(
                  "sandbox/SecurityModules",
                  "lines(root.resolve(APPARMOR)).anyMatch(\"Y\"::equals)",
                  "true");
      // Time between a look at the cgroup and one at the process.
      case "listAStranger" ->
          Weakening.none().inJava("sandbox/Views", LISTED, LISTED + HostAttacks.WAIT);
      case "signalAStranger" ->
          Weakening.none()
              .inJava("sandbox/Lives", "listed.forEach(", HostAttacks.WAIT + "listed.forEach(");
      default -> Weakening.none();
    };
  }

  private static final String LISTED = "    for (int pid : container.cgroup().processes()) {\n";

  static Set<String> names() {
    return ALL.keySet();
  }

  private static Map<String, Weakening> weakenings() {
    Map<String, Weakening> all = new TreeMap<>();
    Weakening none = Weakening.none();
    Weakening anyDirectory =
        none.inJava(
            "plan/ProcessTail",
            "    assembly.add(new ProcessStep.CheckDirectory(directory(process)));\n",
            "");
    all.put("startOutsideOfTheRoot", anyDirectory);
    all.put("executeOutsideOfTheRoot", anyDirectory);
    all.put(
        "inheritDescriptors",
        none.inJava("plan/ProcessTail", "    passed.closeOthers(assembly);\n", "")
            .inC("program.c", "MSG_CMSG_CLOEXEC", "0")
            .inC("system.h", "F_DUPFD_CLOEXEC", "F_DUPFD"));
    Weakening anyTarget =
        none.inJava(
            "plan/Targets",
            "List.of(Flag.RESOLVE_IN_ROOT, Flag.RESOLVE_NO_MAGICLINKS)",
            "List.of()");
    all.put("moveAMountOutOfTheRoot", anyTarget);
    all.put("moveDevOutOfTheRoot", anyTarget);
    all.put(
        "coverAMaskWithAFileOfTheImage",
        none.inJava(
            "plan/Masks",
            "new MountStep.CloneTree(device, false",
            "new MountStep.CloneTree(targets.openAny(\"/dev/null\"), false"));
    all.put(
        "fillTheExecutorsMemory",
        none.inJava("stdio/OutputPump", "if (!allReady())", "if (false)"));
    all.put(
        "writeLinesIntoAMessage",
        none.inJava(
            "plan/Plan",
            "CONTROL.matcher(steps.get(index).describe()).replaceAll(\"?\")",
            "steps.get(index).describe()"));
    all.put(
        "sayWhatNobodyReads",
        none.inJava("plan/SpecRules", "    UnknownFields.refuse(spec);\n", ""));
    all.put(
        "inheritCapabilities",
        none.inJava(
            "plan/ProcessTail",
            "sets.permitted(), sets.inheritable()",
            "sets.permitted(), sets.permitted()"));
    all.put(
        "readTheRuntimesBinary",
        none.inC(
                "caisson_init.c",
                "\tCALL(__NR_prctl, PR_SET_DUMPABLE, 0);\n\tCALL(__NR_prctl, PR_SET_NAME",
                "\tCALL(__NR_prctl, PR_SET_NAME")
            .inJava("plan/ProcessTail", "    assembly.add(new IdentityStep.NotDumpable());\n", ""));
    all.put(
        "haveAForeignHookRun",
        none.inJava(
            "sandbox/HookTrust",
            "if ((status.mode() & GROUP_OR_OTHERS_WRITE) != 0)",
            "if (false)"));
    all.put(
        "swapAHookInItsDirectory",
        none.inJava(
            "sandbox/HookTrust", "owned && (closed || (directory.mode() & STICKY) != 0)", "true"));
    all.put(
        "findASecretInTheRecord",
        none.inJava("sandbox/Redaction", "plain.substring(0, named.end()) + HIDDEN", "plain"));
    all.put(
        "bindTheHostByALink",
        none.inJava(
            "sandbox/Donor",
            "EnumSet.of(Resolve.BENEATH, Resolve.NO_MAGIC_LINKS)",
            "EnumSet.noneOf(Resolve.class)"));
    all.put(
        "useADeviceOfTheImage",
        none.inJava(
            "plan/Donation",
            "NO_DEVICES = Set.of(Flag.MOUNT_ATTR_NODEV)",
            "NO_DEVICES = Set.of()"));
    filesystems(all, anyTarget);
    host(all);
    gateway(all);
    return all;
  }

  private static void filesystems(Map<String, Weakening> all, Weakening anyTarget) {
    Weakening none = Weakening.none();
    all.put("swapATargetWhileItIsMounted", anyTarget);
    all.put("moveTheConsoleOutOfTheRoot", anyTarget);
    all.put(
        "keepOthersFromStarting",
        none.inC("program.c", " && is_unsure(step, result)", " && is_unsure(step, result) && 0"));
    all.put(
        "haveTheRootGivenAway",
        none.inJava(
            "sandbox/TerminalMaster",
            " && isMaster(kernel, received.descriptors().getFirst())",
            ""));
    all.put(
        "setParametersInAFalseProc",
        none.inJava("plan/ContainerPlan", "    Sysctls.set(assembly, spec);\n", "")
            .inJava(
                "plan/ContainerPlan",
                "    pivot(root, hooked);\n",
                "    pivot(root, hooked);\n    Sysctls.set(assembly, spec);\n"));
    all.put(
        "setALabelInAFalseProc",
        circumstances("setALabelInAFalseProc")
            .inJava(
                "plan/ContainerPlan",
                OPEN_LABELS + "    pivot(root, hooked);\n",
                "    pivot(root, hooked);\n" + OPEN_LABELS));
    all.put(
        "haveTheHostsUsersRead",
        none.inJava(
            "sandbox/Home",
            "EnumSet.of(Resolve.IN_ROOT, Resolve.NO_MAGIC_LINKS)",
            "EnumSet.noneOf(Resolve.class)"));
    all.put(
        "leadOthersOutOfTheirPart",
        none.inJava(
            "plan/Targets",
            "List.of(Flag.RESOLVE_BENEATH, Flag.RESOLVE_NO_SYMLINKS, Flag.RESOLVE_NO_MAGICLINKS)",
            "IN_ROOT"));
    all.put(
        "haveALinkRemoved",
        none.inJava("sandbox/Uppers", "Trees.remove(parent, PREFIX + uid);", REMOVE_BY_PATH));
    all.put(
        "openADeviceThatItHasMade",
        none.inJava(
            "sandbox/DeviceFence",
            "ifPresentOrElse(this::replace, () -> write(parent, most));",
            "ifPresent(ignored -> {});"));
  }

  private static final String OPEN_LABELS =
      "    Labels labels = Labels.open(assembly, spec.getProcess());\n";

  /** As it is often done: what a link leads to is what is there. */
  private static final String REMOVE_BY_PATH =
      """
      try (var files =
          Files.walk(directory.resolve(PREFIX + uid), java.nio.file.FileVisitOption.FOLLOW_LINKS)) {
        for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      """;

  private static void host(Map<String, Weakening> all) {
    Weakening none = Weakening.none();
    Weakening acrossMounts =
        none.inJava(
                "procfs/TrustedProc",
                "EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS, Resolve.NO_MOUNT_CROSSING)",
                "EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS)")
            .inJava(
                "procfs/TrustedProc",
                "EnumSet.of(Resolve.BENEATH, Resolve.NO_MAGIC_LINKS, Resolve.NO_MOUNT_CROSSING)",
                "EnumSet.of(Resolve.BENEATH, Resolve.NO_MAGIC_LINKS)");
    all.put("writeIntoAFalseSelf", acrossMounts);
    all.put("executeAFalseDescriptor", acrossMounts);
    all.put("believeInAnotherBoot", acrossMounts);
    all.put("writeIntoACoveredFile", acrossMounts);
    all.put(
        "writeIntoAFalseProc",
        none.inJava(
                "procfs/TrustedProc", "kernel.files().filesystemMagic(proc) == PROC_MAGIC", "true")
            // which reads of it too
            .inJava("Executor", "Powers.of(kernel, proc)", "new Powers(true, true)"));
    all.put(
        "executeAStrangersProgram",
        none.inJava("procfs/TrustedProc", "require(isOfThisNamespace(),", "require(true,"));
    all.put(
        "listAStranger",
        circumstances("listAStranger")
            .inJava("sandbox/Views", "    seen.keySet().retainAll(still.keySet());\n", ""));
    all.put(
        "signalAStranger",
        circumstances("signalAStranger")
            .inJava("sandbox/Lives", "still.contains(one.getKey())", "true"));
    all.put(
        "killAStrangerOfTheSameNumber",
        none.inJava("sandbox/Recovery", "host.proc().startTicks(pid) == startTicks", "true"));
  }

  private static void gateway(Map<String, Weakening> all) {
    Weakening none = Weakening.none();
    Weakening noGuard =
        none.inJava(
            "rpc/GuardedAdmission",
            "if (check(request) instanceof",
            "if (false && check(request) instanceof");
    for (String attack :
        List.of(
            "takeACapability",
            "takeACapabilityLater",
            "gainPrivileges",
            "keepTheHostsNetwork",
            "keepTheHostsUsers",
            "mapTheHostsRoot",
            "comeBeforeAllOthers",
            "leaveTheCgroupOfSandboxes",
            "useADeviceOfAVolume")) {
      all.put(attack, noGuard);
    }
    Weakening anyPath =
        noGuard.inJava(
            "sandbox/Donor",
            """
                        .orElseThrow(() ->
                            Refusal.guard(field, field + " must lie below an allowed directory: " + path)
                                .exception());
            """,
            ".orElse(Path.of(\"/\"));");
    all.put("bindTheHost", anyPath);
    all.put("runTheHostsFiles", anyPath);
    all.put(
        "joinTheHostsNetwork",
        none.inJava(
            "sandbox/NamespaceFiles",
            "    boolean hosts = isHosts(wanted, opened);",
            "    boolean hosts = false;"));
    all.put(
        "joinAnotherTenantsNetwork",
        none.inJava(
            "sandbox/NamespaceFiles", "sandbox.record().getTenant().equals(tenant)", "true"));
    all.put(
        "executeWithoutEnd",
        none.inJava(
            "sandbox/Execs",
            "if (running + sandbox.startingCount() >= limits.execsPerSandbox())",
            "if (false)"));
    all.put(
        "fillTheRecordWithRefusals",
        none.inJava("journal/Denials", "Math.abs(now - lastRecorded) < INTERVAL_MILLIS", "false"));
  }
}
