package dev.caisson.executor.donation;

import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.SocketStatus;
import java.util.Optional;
import java.util.Set;

/**
 * What may be handed to a container: what data flows through. Not what leads further, to other
 * files or into the kernel; and not what somebody else could let whoever has it wait for, as a
 * filesystem in user space could at each close.
 *
 * <p>To ask this may wait for the donor.
 */
final class Donatable {
  /** What a donor is told, after what it is about. */
  static final String RULE =
      "must be a pipe, a socket (of Unix sockets one that listens, or is connected, and not to the"
          + " executor), an open regular file of a local filesystem, a pseudo-terminal, or one of"
          + " the devices null, zero, full, random and urandom";

  /** Filesystems of data, of this host. Source: linux/magic.h, and that of each. */
  private static final Set<Long> LOCAL =
      Set.of(
          0x01021994L, // tmpfs, memfd
          0x858458f6L, // ramfs
          0x958458f6L, // hugetlbfs
          0xef53L, // ext2, ext3, ext4
          0x58465342L, // xfs
          0x9123683eL, // btrfs
          0xf2f52010L, // f2fs
          0xca451a4eL, // bcachefs
          0x2fc12fc1L, // zfs
          0xe0f5e1e2L, // erofs
          0x73717368L, // squashfs
          0x4d44L, // vfat
          0x2011bab0L); // exfat

  /** Of layers that its owner has chosen: {@code OVERLAYFS_SUPER_MAGIC}. */
  private static final long OVERLAY = 0x794c7630L;

  /** {@code PIPEFS_MAGIC}. */
  private static final long PIPES = 0x50495045L;

  // Documentation/admin-guide/devices.txt
  private static final int MEMORY = 1;
  private static final Set<Integer> HARMLESS = Set.of(3, 5, 7, 8, 9); // null zero full random …
  private static final int FIRST_PTS = 136;
  private static final int LAST_PTS = 143;

  private final Files files;
  private final Kernel kernel;
  private final int own;

  /**
   * @param own the user that the executor is, whose overlays are trusted
   */
  Donatable(Kernel kernel, int own) {
    this.kernel = kernel;
    this.files = kernel.files();
    this.own = own;
  }

  /** The descriptor as what it is, where this user may donate it. */
  Optional<Donated> check(Fd descriptor, int donor) {
    if (files.isPlace(descriptor)) {
      return Optional.empty();
    }
    long filesystem = files.filesystemMagic(descriptor); // which nobody is asked for
    boolean local = LOCAL.contains(filesystem) || (filesystem == OVERLAY && donor == own);
    FileStatus status = files.status(descriptor);
    return switch (status.type()) {
      case FIFO -> {
        boolean own = filesystem == PIPES && status.uid() == donor;
        yield Optional.of(new Donated(descriptor, FileType.FIFO, donor, own, false));
      }
      case SOCKET -> socket(descriptor, donor);
      case REGULAR -> plain(descriptor, FileType.REGULAR, donor, local);
      case CHARACTER_DEVICE ->
          plain(
              descriptor,
              FileType.CHARACTER_DEVICE,
              donor,
              isHarmless(status.rdevMajor(), status.rdevMinor()));
      case DIRECTORY, BLOCK_DEVICE, SYMBOLIC_LINK, ANONYMOUS -> Optional.empty();
    };
  }

  private static Optional<Donated> plain(Fd file, FileType type, int donor, boolean allowed) {
    return allowed ? Optional.of(new Donated(file, type, donor, false, false)) : Optional.empty();
  }

  /**
   * No container commands the executor; and what waits for its own end would wait forever. One that
   * leads nowhere yet could lead here later.
   */
  private Optional<Donated> socket(Fd socket, int donor) {
    SocketStatus status = kernel.sockets().status(socket);
    boolean connection = status.isUnix() && status.isConnected();
    boolean allowed =
        !status.isUnix()
            || status.isListening()
            || (connection && !(status.isPeerNamed() && isOwn(socket)));
    return allowed
        ? Optional.of(new Donated(socket, FileType.SOCKET, donor, false, connection))
        : Optional.empty();
  }

  private boolean isOwn(Fd socket) {
    return kernel.sockets().peer(socket).pid() == ProcessHandle.current().pid();
  }

  /** Such as every container has, and terminals. */
  private static boolean isHarmless(int major, int minor) {
    return major == MEMORY ? HARMLESS.contains(minor) : major >= FIRST_PTS && major <= LAST_PTS;
  }
}
