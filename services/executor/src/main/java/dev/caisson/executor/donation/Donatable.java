package dev.caisson.executor.donation;

import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import dev.caisson.linux.Kernel;
import java.util.Optional;
import java.util.Set;

/**
 * What may be handed to a container: what data flows through. Not what leads further, to other
 * files or into the kernel.
 */
final class Donatable {
  /**
   * Files by which the kernel is spoken to, and namespaces and processes. Source: linux/magic.h;
   * efivarfs, configfs and binfmt_misc: their sources.
   */
  private static final Set<Long> KERNELS =
      Set.of(
          0x9fa0L, // proc
          0x62656572L, // sysfs
          0x27e0ebL, // cgroup
          0x63677270L, // cgroup2
          0x6e736673L, // nsfs
          0x50494446L, // pidfs
          0x64626720L, // debugfs
          0x74726163L, // tracefs
          0x73636673L, // securityfs
          0xf97cff8cL, // selinuxfs
          0xcafe4a11L, // bpf
          0xde5e81e4L, // efivarfs
          0x62656570L, // configfs
          0x42494e4dL, // binfmt_misc
          0x6165676cL); // pstore

  // Documentation/admin-guide/devices.txt
  private static final int MEMORY = 1;
  private static final Set<Integer> HARMLESS = Set.of(3, 5, 7, 8, 9); // null zero full random …
  private static final int FIRST_PTS = 136;
  private static final int LAST_PTS = 143;

  /** What a donor is told, after what it is about. */
  static final String RULE =
      "must be a pipe, a socket that does not lead to the executor, an open regular file that is not"
          + " the kernel's own, a pseudo-terminal, or one of the devices null, zero, full, random and"
          + " urandom";

  private final Files files;
  private final Kernel kernel;

  Donatable(Kernel kernel) {
    this.kernel = kernel;
    this.files = kernel.files();
  }

  /** Its type, where it may be donated. */
  Optional<FileType> check(Fd descriptor) {
    if (files.isPlace(descriptor)) {
      return Optional.empty();
    }
    FileStatus status = files.status(descriptor);
    boolean allowed =
        switch (status.type()) {
          case FIFO -> true;
          case SOCKET -> !leadsHere(descriptor);
          case REGULAR -> !KERNELS.contains(files.filesystemMagic(descriptor));
          case CHARACTER_DEVICE -> isHarmless(status.rdevMajor(), status.rdevMinor());
          case DIRECTORY, BLOCK_DEVICE, SYMBOLIC_LINK, ANONYMOUS -> false;
        };
    return allowed ? Optional.of(status.type()) : Optional.empty();
  }

  /** No container commands the executor; and what waits for its own end would wait forever. */
  private boolean leadsHere(Fd socket) {
    return kernel.sockets().peer(socket).pid() == ProcessHandle.current().pid()
        && kernel.sockets().isPeerNamed(socket);
  }

  /** Such as every container has, and terminals. */
  private static boolean isHarmless(int major, int minor) {
    return major == MEMORY ? HARMLESS.contains(minor) : major >= FIRST_PTS && major <= LAST_PTS;
  }
}
