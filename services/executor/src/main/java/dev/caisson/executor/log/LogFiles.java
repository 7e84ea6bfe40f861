package dev.caisson.executor.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A container's files: {@code 0000000001.log} and so on, the highest of which is written to. Each
 * holds whole lines.
 *
 * <p>For one thread at a time, but for {@link #path}.
 */
final class LogFiles {
  private static final Pattern NAME = Pattern.compile("\\d{10}\\.log");

  private final Path directory;
  private final LogSettings settings;
  private @Nullable FileChannel current;

  /** Of those that there are; both 1 where there is none. */
  private long first = 1;

  private long last = 1;

  /** Of the last one, without what could not be written wholly. */
  private long length;

  LogFiles(Path directory, LogSettings settings) {
    this.directory = directory;
    this.settings = settings;
  }

  Path directory() {
    return directory;
  }

  Path path(long number) {
    return directory.resolve(String.format(Locale.ROOT, "%010d.log", number));
  }

  long first() {
    return first;
  }

  long last() {
    return last;
  }

  long length() {
    return length;
  }

  /** Takes up what an earlier life has left; a line that it had only begun is cut off. */
  void resume() throws IOException {
    long[] numbers = numbers();
    if (numbers.length == 0) {
      return;
    }
    first = LongStream.of(numbers).min().orElseThrow();
    last = LongStream.of(numbers).max().orElseThrow();
    try (FileChannel file =
        FileChannel.open(path(last), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      length = wholeLines(file);
      file.truncate(length);
    }
  }

  private long[] numbers() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> NAME.matcher(name).matches())
          .mapToLong(name -> Long.parseLong(name.substring(0, 10)))
          .toArray();
    } catch (NoSuchFileException e) {
      return new long[0];
    }
  }

  /** A line is no longer than what is looked at; where none ends there, it is none of ours. */
  private static long wholeLines(FileChannel file) throws IOException {
    long size = file.size();
    long from = Math.max(0, size - LogFormat.MAX_LINE);
    ByteBuffer tail = ByteBuffer.allocate((int) (size - from));
    while (tail.hasRemaining() && file.read(tail, from + tail.position()) >= 0) {
      // until it is full
    }
    int end = tail.position();
    while (end > 0 && tail.get(end - 1) != '\n') {
      end--;
    }
    return from + end;
  }

  /**
   * Whole lines, at most a file's worth. Where that fails, the file ends as before: at the latest
   * when it works again.
   */
  void append(byte[] lines) throws IOException {
    if (length > 0 && length + lines.length > settings.maxBytes()) {
      rotate();
    }
    FileChannel file = current();
    try {
      file.truncate(length); // what could not be undone
      write(file, ByteBuffer.wrap(lines));
    } catch (IOException e) {
      file.truncate(length);
      throw e;
    }
    length += lines.length;
  }

  private void write(FileChannel file, ByteBuffer data) throws IOException {
    while (data.hasRemaining()) {
      file.write(data, length + data.position());
    }
  }

  private FileChannel current() throws IOException {
    FileChannel open = current;
    if (open == null) {
      Files.createDirectories(directory.getParent(), owners("rwx------"));
      Files.createDirectories(directory, owners("rwx------"));
      open =
          FileChannel.open(
              path(last),
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
              owners("rw-------"));
      current = open;
    }
    return open;
  }

  private static java.nio.file.attribute.FileAttribute<?> owners(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }

  private void rotate() throws IOException {
    close();
    last++;
    length = 0;
    while (last - first >= settings.maxFiles()) {
      Files.deleteIfExists(path(first));
      first++;
    }
  }

  void close() throws IOException {
    FileChannel open = current;
    current = null;
    if (open != null) {
      open.close();
    }
  }

  /** The directory with all that is in it. No error where there is none. */
  void remove() throws IOException {
    close();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      return;
    }
    Files.deleteIfExists(directory);
  }
}
