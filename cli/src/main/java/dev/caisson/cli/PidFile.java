package dev.caisson.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where other programs find the host's pid of what was started: there is no file before that. */
final class PidFile {
  private static final String HINT = "name a file in a directory that you may write to";

  private static final OpenOption[] NEW = {StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE};

  @Option(
      names = "--pid-file",
      paramLabel = "FILE",
      description = "Write the process's pid on the host there, once it is there.")
  private @Nullable Path file;

  /** To be asked before anything is made. */
  void requirePlace() {
    if (file == null) {
      return;
    }
    Path directory = directory(file);
    if (file.getFileName() == null || Files.isDirectory(file)) {
      throw CliException.usage("--pid-file must be a file, not a directory: " + file, HINT);
    }
    if (!Files.isDirectory(directory)) {
      throw CliException.usage(
          "--pid-file must lie in a directory: " + directory + " is none", HINT);
    }
    if (!Files.isWritable(directory)) {
      throw CliException.usage("--pid-file must lie where it can be written: " + directory, HINT);
    }
  }

  /**
   * Whoever sees the file reads a whole pid: it is written beside, and moved there.
   *
   * @throws CliException when it cannot be
   */
  void write(int pid) {
    if (file == null) {
      return;
    }
    Path beside =
        directory(file).resolve("." + file.getFileName() + "." + ProcessHandle.current().pid());
    try (OutputStream opened = Files.newOutputStream(beside, NEW)) {
      try {
        opened.write(Integer.toString(pid).getBytes(US_ASCII));
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      throw new CliException("Failed to write the pid file: " + e, HINT);
    }
  }

  private static Path directory(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file.toAbsolutePath() : parent;
  }
}
