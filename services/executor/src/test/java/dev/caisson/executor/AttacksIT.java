package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
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
  private static final int TRIES = 30;

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

  /**
   * CVE-2021-30465, as a race: another container shares a volume and swaps the target of a mount
   * against a link that climbs, again and again. Where the mount ends is not said; that it is in
   * the root is.
   */
  @Test
  void aTargetThatIsSwappedWhileItIsMountedStaysInTheRoot() throws Exception {
    try (TestNode node = TestNode.launch()) {
      Files.createDirectories(node.rootfs().resolve("empty"));
      ContainerSpec.Builder swaps =
          node.shell(
              "while :; do rm -r /shared/d; ln -s ../../../../empty /shared/d;"
                  + " rm /shared/d; mkdir /shared/d; done");
      Path volume = node.share(swaps);
      node.started("swaps", swaps);
      int started = 0;
      for (int i = 0; i < TRIES; i++) {
        started += startsInside(node, swaps.getMounts(0)) ? 1 : 0;
      }
      assertThat(started).isPositive();
      node.deleteEverything();
      assertThat(volume.getParent().getParent().toFile().list())
          .containsExactlyInAnyOrder("images", "volumes", "hooks", "guard.conf", "data", "run");
    }
  }

  /** Whether it starts; each mount that it then has is one of its own. */
  private static boolean startsInside(TestNode node, Mount shared) {
    ContainerSpec.Builder spec = node.shell("cut -d ' ' -f 5 /proc/self/mountinfo; ls /shared/d/");
    spec.addMounts(shared)
        .addMounts(Mount.newBuilder().setDestination("/shared/d").setType("tmpfs"));
    try {
      assertThat(node.run(spec).out().lines())
          .allMatch(target -> target.matches("/|/(proc|sys|dev|shared|empty)(/.*)?"));
      return true;
    } catch (CompletionException | StatusRuntimeException lost) {
      return false; // it was not there when it was needed
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
        "fillTheExecutorsMemory",
        none.inJava("stdio/OutputPump", "if (!to.isReady())", "if (false)"));
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
            "NO_DEVICES = Set.of(Flag.MOUNT_ATTR_NODEV)",
            "NO_DEVICES = Set.of()"));
    return all;
  }
}
