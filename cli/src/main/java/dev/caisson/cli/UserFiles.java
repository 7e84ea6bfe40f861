package dev.caisson.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What the client keeps for its user, who alone can read it: {@code CAISSON_CONFIG}, or below
 * {@code XDG_CONFIG_HOME} or {@code ~/.config}. Source of the latter: XDG Base Directory
 * Specification 0.8.
 */
final class UserFiles {
  private static final FileAttribute<?> DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<?> FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path directory;
  private final boolean named;

  /**
   * In a directory.
   *
   * @param named whether the user has named it: then it must be one that can be read
   */
  UserFiles(Path directory, boolean named) {
    this.directory = directory;
    this.named = named;
  }

  static UserFiles of(Map<String, String> environment) {
    String own = environment.getOrDefault("CAISSON_CONFIG", "");
    if (!own.isEmpty()) {
      return new UserFiles(Path.of(own), true);
    }
    String xdg = environment.getOrDefault("XDG_CONFIG_HOME", "");
    Path base = xdg.startsWith("/") ? Path.of(xdg) : home(environment).resolve(".config");
    return new UserFiles(base.resolve("caisson"), false);
  }

  private static Path home(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", "");
    return Path.of(home.startsWith("/") ? home : "/nonexistent");
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  /** Empty: there is none. */
  Optional<String> read(String name) {
    try {
      return Optional.of(Files.readString(path(name)));
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (IOException e) {
      if (!named && e instanceof FileSystemException) {
        return Optional.empty(); // somebody else's home, or none
      }
      throw failed("read", path(name), e);
    }
  }

  /** Whoever reads it finds what was there, or all of it. */
  void write(String name, String text) {
    Path file = path(name);
    try {
      Files.createDirectories(file.getParent(), DIRECTORY);
      Path beside = Files.createTempFile(file.getParent(), "." + file.getFileName(), "", FILE);
      try {
        Files.writeString(beside, text, UTF_8);
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      throw failed("write", file, e);
    }
  }

  boolean delete(String name) {
    try {
      return Files.deleteIfExists(path(name));
    } catch (IOException e) {
      throw failed("delete", path(name), e);
    }
  }

  /** While no other client does the same. */
  <T> T locked(Supplier<T> task) {
    Path file = path("lock");
    try {
      Files.createDirectories(directory, DIRECTORY);
      try (FileChannel channel =
              FileChannel.open(
                  file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), FILE);
          FileLock _ = channel.lock()) {
        return task.get();
      }
    } catch (IOException e) {
      throw failed("lock", file, e);
    }
  }

  private static CliException failed(String what, Path file, IOException e) {
    String why = e instanceof FileSystemException known ? known.getReason() : e.getMessage();
    return new CliException(
        "Cannot " + what + " " + file + (why == null ? "" : ": " + why),
        "it must be yours; CAISSON_CONFIG names another directory");
  }
}
