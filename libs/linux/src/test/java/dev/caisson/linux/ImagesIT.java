package dev.caisson.linux;

import static dev.caisson.linux.Failures.assertErrno;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Filesystems in files; root and mkfs.erofs are needed. */
final class ImagesIT {
  private final Kernel kernel = Kernel.open();
  private final Images images = new Images(kernel);
  @TempDir private Path directory;
  private Path image;

  @BeforeEach
  void makeImage() throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/mkfs.erofs")),
        "Skipped: needs mkfs.erofs: apt-get install erofs-utils");
    Path content = Files.createDirectory(directory.resolve("content"));
    Files.writeString(content.resolve("file"), "hello");
    image = directory.resolve("image");
    Process made =
        new ProcessBuilder("mkfs.erofs", image.toString(), content.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(made.waitFor()).isZero();
  }

  @Test
  void mountsAnImage() {
    try (Fd file = kernel.files().open(image, OpenFlag.READ_ONLY);
        Fd mount = images.filesystem("erofs", file, Set.of())) {
      assertThat(content(mount)).isEqualTo("hello");
    }
  }

  @Test
  void mountsAnImageByALoopDeviceThatEndsWithTheMount() throws Exception {
    try (Fd file = kernel.files().open(image, OpenFlag.READ_ONLY);
        Fd mount = images.byLoop("erofs", file, Set.of())) {
      assertThat(content(mount)).isEqualTo("hello");
      assertThat(isOnALoopDevice()).isTrue();
      assertErrno(Errno.EROFS, () -> create(mount));
    }
    // The kernel gives the device back on its own time, and tells nobody.
    long deadline = System.nanoTime() + TestTimes.LONG.toNanos();
    while (isOnALoopDevice()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  @Test
  void refusesWhatIsNoImage() throws Exception {
    Path text = Files.writeString(directory.resolve("text"), "x".repeat(8192));
    try (Fd file = kernel.files().open(text, OpenFlag.READ_ONLY)) {
      assertErrno(Errno.EINVAL, () -> images.filesystem("erofs", file, Set.of()));
    }
  }

  private String content(Fd mount) {
    ByteBuffer bytes = ByteBuffer.allocate(16);
    try (Fd file =
        kernel.files().openIn(mount, "file", Set.of(Resolve.BENEATH), OpenFlag.READ_ONLY)) {
      int count = kernel.files().read(file, bytes);
      return new String(bytes.array(), 0, count, StandardCharsets.UTF_8);
    }
  }

  private void create(Fd mount) {
    kernel
        .files()
        .openIn(mount, "new", Set.of(Resolve.BENEATH), OpenFlag.CREATE, OpenFlag.WRITE_ONLY)
        .close();
  }

  private boolean isOnALoopDevice() throws Exception {
    try (var devices = Files.list(Path.of("/sys/block"))) {
      for (Path device : devices.toList()) {
        if (isBackedByTheImage(device.resolve("loop/backing_file"))) {
          return true;
        }
      }
      return false;
    }
  }

  private boolean isBackedByTheImage(Path file) {
    try {
      return Files.readString(file).strip().equals(image.toString());
    } catch (java.io.IOException e) {
      return false; // it is no loop device, or none of a file
    }
  }
}
