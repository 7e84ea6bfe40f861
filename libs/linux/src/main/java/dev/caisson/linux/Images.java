package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.LoopConfig;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Filesystems in regular files, mounted nowhere yet, never written.
 *
 * <p>Thread-safe.
 */
public final class Images {
  /** How often another one may take the device that was free a moment ago. */
  static final int MAX_ATTEMPTS = 16;

  private static final Path CONTROL = Path.of("/dev/loop-control");
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  private final Files files;
  private final Mounts mounts;

  public Images(Kernel kernel) {
    this.files = kernel.files();
    this.mounts = kernel.mounts();
  }

  /**
   * The filesystem of an image, as a detached mount: by the file itself where the kernel can (erofs
   * since 6.12), else by a loop device, which ends with the mount.
   *
   * @param image open for reading
   */
  public Fd filesystem(String type, Fd image, Set<MountFlag> flags) {
    try {
      return mount(type, image, flags);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOTBLK) {
        throw e;
      }
      return byLoop(type, image, flags);
    }
  }

  Fd byLoop(String type, Fd image, Set<MountFlag> flags) {
    try (Fd device = loop(image)) {
      return mount(type, device, flags);
    }
  }

  private Fd mount(String type, Fd source, Set<MountFlag> flags) {
    EnumSet<MountFlag> readOnly = EnumSet.of(MountFlag.READ_ONLY);
    readOnly.addAll(flags);
    return mounts.filesystem(type, Map.of("source", source.path().toString(), "ro", ""), readOnly);
  }

  /** A loop device of the file, which is free again when its last user has closed it: loop(4). */
  private Fd loop(Fd image) {
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
      Fd device = free();
      long result = configure(device, image);
      if (result >= 0) {
        return device;
      }
      device.close();
      if (!Outcome.is(result, Errno.EBUSY)) {
        throw Outcome.failure(result, "make a loop device of", image);
      }
    }
    throw new LinuxException("find", "a free loop device", Errno.EBUSY);
  }

  private Fd free() {
    try (Fd control = files.open(CONTROL, OpenFlag.READ_WRITE)) {
      long number =
          control.use(fd -> Downcalls.syscall(CALLS.ioctl(), fd, Constants.LOOP_CTL_GET_FREE));
      Outcome.require(number, "find", "a free loop device");
      return files.open(Path.of("/dev/loop" + number), OpenFlag.READ_ONLY);
    }
  }

  private static long configure(Fd device, Fd image) {
    try (Arena arena = Arena.ofConfined()) {
      return device.use(number ->
          image.use(file -> {
            int flags = Constants.LO_FLAGS_READ_ONLY | Constants.LO_FLAGS_AUTOCLEAR;
            MemorySegment config = LoopConfig.in(arena, file, flags);
            return Downcalls.syscall(
                CALLS.ioctl(), number, Constants.LOOP_CONFIGURE, config.address());
          }));
    }
  }
}
