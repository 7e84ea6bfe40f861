package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmptyRootsTest {

  @TempDir Path directory;

  @BeforeEach
  void asRoot() throws IOException {
    assumeThat(Files.getAttribute(directory, "unix:uid")).as("needs root").isEqualTo(0);
    open(directory);
  }

  @Test
  void anEmptyOneIsRootsAlone() throws IOException {
    EmptyRoots.close(List.of(directory));
    assertThat(mode(directory)).isEqualTo("rwx------");
  }

  @Test
  void oneInUseStaysAsItIs() throws IOException {
    Files.createFile(directory.resolve("bin"));
    EmptyRoots.close(List.of(directory));
    assertThat(mode(directory)).isEqualTo("rwxr-xr-x");
  }

  @Test
  void anotherUsersStaysAsItIs() throws IOException {
    Files.setAttribute(directory, "unix:uid", 60_999);
    EmptyRoots.close(List.of(directory));
    assertThat(mode(directory)).isEqualTo("rwxr-xr-x");
  }

  @Test
  void aLinkIsNotFollowedAndWhatIsMissingIsPassedOver() throws IOException {
    Path behind = Files.createDirectory(directory.resolve("behind"));
    open(behind);
    Path link = Files.createSymbolicLink(directory.resolve("link"), behind);
    EmptyRoots.close(List.of(link, directory.resolve("missing")));
    assertThat(mode(behind)).isEqualTo("rwxr-xr-x");
  }

  private static void open(Path path) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
