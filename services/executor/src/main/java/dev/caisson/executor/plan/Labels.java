package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import java.util.List;
import java.util.Optional;

/**
 * What AppArmor and SELinux are to hold a program to: proc_pid_attr(5).
 *
 * <p>The files are those of the sandbox's own procfs, from before the container's root was entered:
 * an image may bring anything at {@code /proc}.
 *
 * @param proc that procfs; absent where there is no label
 */
record Labels(Process process, Optional<Slot> proc) {
  private static final String APPARMOR = "process.apparmor_profile";
  private static final String SELINUX = "process.selinux_label";
  private static final String MOUNT = "mount_label";

  /** A label is written at once, and the kernel takes a page: proc_pid_attr(5). */
  private static final int MAX_BYTES = 1024;

  /** fsconfig(2) takes 256 bytes, the null included. */
  private static final int MAX_MOUNT_BYTES = 255;

  static void check(Process process) {
    check(APPARMOR, process.getApparmorProfile(), MAX_BYTES);
    check(SELINUX, process.getSelinuxLabel(), MAX_BYTES);
  }

  static void check(ContainerSpec spec) {
    check(MOUNT, spec.getMountLabel(), MAX_MOUNT_BYTES);
  }

  private static void check(String field, String label, int most) {
    boolean text = label.chars().allMatch(c -> c > ' ' && c < 0x7f);
    if (!text || label.length() > most) {
      throw Refusal.invalid(
              field, "be at most " + most + " printable characters without spaces", label)
          .exception();
    }
  }

  /** While the process stands where {@code /proc} can be trusted. */
  static Labels open(Assembly assembly, Process process) {
    boolean asked = !(process.getApparmorProfile() + process.getSelinuxLabel()).isEmpty();
    return new Labels(
        process,
        asked
            ? Optional.of(
                assembly.openTrusted("/proc", Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC))
            : Optional.empty());
  }

  /**
   * When the process is whom it will be: the kernel refuses what one user has opened and another
   * writes.
   */
  void addTo(Assembly assembly) {
    if (!process.getApparmorProfile().isEmpty()) {
      assembly.concerns(APPARMOR);
      String profile = process.getApparmorProfile();
      set(assembly, "self/attr/apparmor/exec", "exec " + profile, "AppArmor profile " + profile);
    }
    if (!process.getSelinuxLabel().isEmpty()) {
      assembly.concerns(SELINUX);
      String label = process.getSelinuxLabel();
      set(assembly, "self/attr/exec", label, "SELinux label " + label);
    }
    proc.ifPresent(assembly::release);
  }

  private void set(Assembly assembly, String path, String text, String label) {
    Slot file =
        assembly.fill(slot ->
            new FileStep.Open(
                proc.orElseThrow(),
                path,
                List.of(Flag.O_WRONLY, Flag.O_CLOEXEC),
                List.of(Flag.RESOLVE_IN_ROOT, Flag.RESOLVE_NO_MAGICLINKS),
                slot));
    assembly.add(new AttributeStep.WriteLabel(file, text, label));
    assembly.release(file);
  }
}
