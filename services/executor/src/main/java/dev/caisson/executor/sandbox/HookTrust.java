package dev.caisson.executor.sandbox;

import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.guard.HookRule;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Resolve;
import dev.caisson.model.Sha256;
import dev.caisson.proto.types.v1.Hook;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Whether the file that is to run as a hook is the one that the operator has allowed: its owner,
 * who may write to it, its content, all looked at on one descriptor; and that nobody else can put
 * another in its place before it runs.
 *
 * <p>Thread-safe.
 */
final class HookTrust {
  private static final int GROUP_OR_OTHERS_WRITE = 022;

  /** {@code S_ISVTX}: of what is in the directory, everybody can replace only his own. */
  private static final int STICKY = 01000;

  private static final int ROOT = 0;
  private static final int BUFFER_BYTES = 64 * 1024;

  private final Kernel kernel;
  private final GuardPolicy policy;

  HookTrust(Kernel kernel, GuardPolicy policy) {
    this.kernel = kernel;
    this.policy = policy;
  }

  /** Why it must not run; empty when it may. */
  Optional<String> problem(Hook hook) {
    Optional<HookRule> rule = policy.hook(hook.getPath());
    if (rule.isEmpty()) {
      return Optional.of("the guard does not allow it");
    }
    Path path = Path.of(hook.getPath());
    // Not waiting for whoever writes into a FIFO.
    try (Fd file = open(path, OpenFlag.READ_ONLY, OpenFlag.NON_BLOCKING)) {
      return problem(rule.get(), file).or(() -> problemAbove(rule.get(), path));
    } catch (LinuxException e) {
      return Optional.of(
          e.errno() == Errno.ELOOP
              ? "its path leads through a symbolic link: the guard must name the file itself"
              : e.operation() + " failed: " + e.errno().name());
    }
  }

  /** Links lead past the directories that are looked at. */
  private Fd open(Path path, OpenFlag... flags) {
    try (Fd root = kernel.files().open(Path.of("/"), OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      return kernel.files().openIn(root, path.toString(), EnumSet.of(Resolve.NO_SYMLINKS), flags);
    }
  }

  private Optional<String> problem(HookRule rule, Fd file) {
    FileStatus status = kernel.files().status(file);
    if (status.type() != FileType.REGULAR) {
      return Optional.of("it is no regular file");
    }
    if (status.uid() != rule.ownerUid()) {
      return Optional.of("it belongs to user " + status.uid() + ", not " + rule.ownerUid());
    }
    if ((status.mode() & GROUP_OR_OTHERS_WRITE) != 0) {
      return Optional.of("others than its owner may write to it");
    }
    return rule.sha256()
        .filter(wanted -> !wanted.equals(digest(file)))
        .map(wanted -> "its content is not what the guard allows: its SHA-256 differs");
  }

  private Optional<String> problemAbove(HookRule rule, Path path) {
    for (Path above = path.getParent(); above != null; above = above.getParent()) {
      try (Fd directory = open(above, OpenFlag.PATH, OpenFlag.DIRECTORY)) {
        if (!isKept(kernel.files().status(directory), rule)) {
          return Optional.of("others than its owner may replace it: they may write to " + above);
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isKept(FileStatus directory, HookRule rule) {
    boolean owned = directory.uid() == ROOT || directory.uid() == rule.ownerUid();
    boolean closed = (directory.mode() & GROUP_OR_OTHERS_WRITE) == 0;
    return owned && (closed || (directory.mode() & STICKY) != 0);
  }

  private String digest(Fd file) {
    Files files = kernel.files();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    MessageDigest digest = Sha256.start();
    while (files.read(file, buffer.clear()) > 0) {
      digest.update(buffer.flip());
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
