package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each attack fails against the executor, and succeeds against one that lacks the defence: so it is
 * that defence which makes it fail, and the attack is one. The table of all attacks:
 * tests/boundary/README.md.
 */
class AttacksIT {
  @TempDir private Path directory;

  static List<String> attacks() {
    return Attacks.names().toList();
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void fails(String attack) throws Exception {
    assertThat(Attacks.succeeds(attack)).isFalse();
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void succeedsWithoutTheDefence(String attack) throws Exception {
    try (WeakenedExecutor weakened = WeakenedExecutor.build(WEAKENINGS.get(attack), directory)) {
      assertThat(weakened.lets(attack)).isTrue();
    }
  }

  @Test
  void eachHasItsWeakening() {
    assertThat(WEAKENINGS.keySet()).containsExactlyElementsOf(attacks());
  }

  private static final Map<String, Weakening> WEAKENINGS = weakenings();

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
        none.inJava("plan/ProcessTail", "    assembly.add(new FileStep.CloseOnExec());\n", "")
            .inC("program.c", "MSG_CMSG_CLOEXEC", "0"));
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
            "slot -> new MountStep.CloneTree(device, false, path, slot));",
            "slot -> new MountStep.CloneTree(targets.openAny(\"/dev/null\"), false, path, slot));"));
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
            "\tCALL(__NR_prctl, PR_SET_NAME"));
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
    all.put("findASecretInTheRecord", none.inJava("sandbox/Redaction", "\"$1***\"", "\"$0\""));
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
            "new MountAttributes(Set.of(Flag.MOUNT_ATTR_NODEV), Propagation.PRIVATE)",
            "new MountAttributes(Set.of(), Propagation.PRIVATE)"));
    return all;
  }
}
