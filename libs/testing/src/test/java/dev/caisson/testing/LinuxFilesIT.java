package dev.caisson.testing;

import dev.caisson.linux.Kernel;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The kernel itself keeps the contract that its fake keeps. */
final class LinuxFilesIT extends FilesContract {
  private static final Kernel KERNEL = Kernel.open();

  @TempDir private Path directory;

  @Override
  Kernel kernel() {
    return KERNEL;
  }

  @Override
  Path directory() {
    return directory;
  }
}
