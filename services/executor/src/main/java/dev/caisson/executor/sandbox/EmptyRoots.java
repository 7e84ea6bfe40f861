package dev.caisson.executor.sandbox;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Directories for root file systems in which nothing is yet: who made one for us, as a kubelet does
 * with mode 0755, did not know that only root may search it ({@link Exposure}).
 */
final class EmptyRoots {
  private static final System.Logger LOG = System.getLogger(EmptyRoots.class.getName());
  private static final Set<PosixFilePermission> ROOTS_ALONE =
      PosixFilePermissions.fromString("rwx------");

  private EmptyRoots() {}

  /** Closes to others what is root's and empty. What is in use stays as it is. */
  static void close(List<Path> roots) {
    for (Path root : roots) {
      try {
        if (isEmptyAndRoots(root)
            && !Files.getPosixFilePermissions(root, LinkOption.NOFOLLOW_LINKS)
                .equals(ROOTS_ALONE)) {
          Files.setPosixFilePermissions(root, ROOTS_ALONE);
          LOG.log(Level.INFO, "Only root may search {0} from now on", root);
        }
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0} could not be closed to others than root", root, e);
      }
    }
  }

  private static boolean isEmptyAndRoots(Path root) throws IOException {
    if (!Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS)
        || !Files.getAttribute(root, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(0)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(root)) {
      return entries.findAny().isEmpty();
    }
  }
}
