package dev.caisson.executor.log;

import com.google.protobuf.ByteString;
import dev.caisson.executor.log.ContainerLog.Extent;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;

/**
 * Looks for where only so many of the last lines follow, of what there is at the beginning: counts
 * those that end in each file, the last file first, and then, in the file in which the first of
 * them is, those before it. A buffer at a time: a log may be large.
 */
final class Tail {
  private final ContainerLog log;
  private final Extent extent;
  private long missing;

  /** Which is being counted, up to where, and how many lines of it at most. */
  private long file;

  private long counted;
  private long most;

  /** Which have been counted there, and where the last of them ends. */
  private long lines;

  private long end;

  Tail(ContainerLog log, Extent extent, long lines) {
    this.log = log;
    this.extent = extent;
    this.missing = lines;
    countAnew(extent.last(), Long.MAX_VALUE);
  }

  /** Once {@link #goOn} says so, the file to begin with, and where. */
  long file() {
    return file;
  }

  long position() {
    return end;
  }

  private void countAnew(long which, long mostLines) {
    file = which;
    most = mostLines;
    counted = 0;
    lines = 0;
    end = 0;
  }

  /** Says whether there is more to do. */
  boolean goOn() throws IOException {
    if (countSome()) {
      return true;
    }
    if (most < Long.MAX_VALUE) {
      return false;
    }
    if (lines >= missing) {
      countAnew(file, lines - missing);
      return true;
    }
    missing -= lines;
    boolean isFirst = file == extent.first();
    countAnew(isFirst ? file : file - 1, Long.MAX_VALUE);
    return !isFirst;
  }

  /** One buffer's worth; says whether there was any. */
  private boolean countSome() throws IOException {
    try (FileChannel open = FileChannel.open(log.file(file), StandardOpenOption.READ)) {
      long limit = file == extent.last() ? Math.min(extent.length(), open.size()) : open.size();
      if (counted >= limit || lines >= most) {
        return false;
      }
      counted = LogReader.lines(open, counted, limit, this::count);
      return true;
    } catch (NoSuchFileException e) {
      return false; // it has been rotated away
    }
  }

  private boolean count(ByteString line) {
    if (lines >= most) {
      return false;
    }
    counted += line.size() + 1L;
    if (LogFormat.parse(line).filter(entry -> !entry.partial()).isPresent()) {
      lines++;
      end = counted;
    }
    return true;
  }
}
