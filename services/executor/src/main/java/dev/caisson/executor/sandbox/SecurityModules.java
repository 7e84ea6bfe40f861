package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The Linux security modules of this host that a specification can name labels of. */
record SecurityModules(boolean appArmor, boolean seLinux) {
  private static final String APPARMOR = "sys/module/apparmor/parameters/enabled";
  private static final String CURRENT = "proc/self/attr/current";
  private static final String MOUNTS = "proc/self/mounts";

  /**
   * What is in force now: modules come with the kernel and do not change while it runs.
   *
   * @param root of the host, {@code /}
   */
  static SecurityModules of(Path root) {
    return new SecurityModules(
        lines(root.resolve(APPARMOR)).anyMatch("Y"::equals),
        lines(root.resolve(MOUNTS)).anyMatch(SecurityModules::isSeLinux)
            && lines(root.resolve(CURRENT)).noneMatch(SecurityModules::isBeforePolicy));
  }

  /** {@code selinuxfs /sys/fs/selinux selinuxfs rw 0 0}: it is mounted where SELinux is. */
  private static boolean isSeLinux(String mount) {
    String[] words = mount.split(" ", -1);
    return words.length > 2 && words[2].equals("selinuxfs");
  }

  /** What each process is until a policy is loaded: nothing is enforced then. */
  private static boolean isBeforePolicy(String label) {
    return label.replace("\0", "").equals("kernel");
  }

  private static Stream<String> lines(Path file) {
    try {
      return Files.readAllLines(file).stream();
    } catch (IOException e) {
      return Stream.of(); // no such module
    }
  }

  /**
   * Refuses a label that nothing would enforce.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if there is one
   */
  void require(Process process, ContainerSpec spec) {
    require(appArmor, "process.apparmor_profile", process.getApparmorProfile(), "AppArmor");
    require(seLinux, "process.selinux_label", process.getSelinuxLabel(), "SELinux");
    require(seLinux, "mount_label", spec.getMountLabel(), "SELinux");
  }

  private static void require(boolean inForce, String field, String label, String module) {
    if (!inForce && !label.isEmpty()) {
      String sentence = field + " needs " + module + ", which this host's kernel does not have in";
      throw Refusal.hostLacks(field, sentence + " force: leave it out, or choose another host.")
          .exception();
    }
  }
}
