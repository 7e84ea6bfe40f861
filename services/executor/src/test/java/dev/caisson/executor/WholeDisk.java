package dev.caisson.executor;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The disk that a directory is on. */
final class WholeDisk {
  private WholeDisk() {}

  /**
   * In the words of a limit. Skips the test where the kernel throttles and counts nothing of it.
   */
  static String of(Path directory) throws IOException {
    long device = ((Number) Files.getAttribute(directory, "unix:dev")).longValue();
    long major = (device >> 8) & 0xfff;
    long minor = (device & 0xff) | ((device >> 12) & 0xfff00);
    Path sysfs = Path.of("/sys/dev/block/" + major + ":" + minor);
    assumeTrue(
        Files.exists(sysfs) && !Files.exists(sysfs.resolve("partition")),
        "needs " + directory + " on a whole disk: the kernel throttles no partition and no memory");
    return "major: " + major + " minor: " + minor;
  }
}
