package dev.caisson.executor.store;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/** Where that goes which cannot be read, for people to look at; nothing reads it again. */
final class Quarantine {
  static final String DIRECTORY = "quarantine";

  private static final System.Logger LOG = System.getLogger(Quarantine.class.getName());
  private static final int CHUNK_BYTES = 64 << 10;

  /** Overwritten by the next one, where a copy was not finished. */
  private static final String TEMPORARY = ".new";

  private final Path directory;
  private final List<Loaded.Quarantined> taken = new ArrayList<>();

  Quarantine(Path store) throws IOException {
    this.directory = Files.createDirectories(store.resolve(DIRECTORY));
  }

  synchronized List<Loaded.Quarantined> taken() {
    return List.copyOf(taken);
  }

  /** Whether the bytes are there now, on the disk; they are reported in any case. */
  synchronized boolean take(LogReader log, Extent extent, String reason) {
    String name = "frame-at-" + extent.at();
    try {
      name = copy(log, extent);
      report(name, reason);
      return true;
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "Failed to put aside " + name, e);
      report(name, reason);
      return false;
    }
  }

  /** Named after its place and content: the same twice is one file. */
  private String copy(LogReader log, Extent extent) throws IOException {
    Path temporary = directory.resolve(TEMPORARY);
    CRC32C crc = new CRC32C();
    try (FileOutputStream file = new FileOutputStream(temporary.toFile());
        OutputStream out =
            new CheckedOutputStream(new BufferedOutputStream(file, CHUNK_BYTES), crc)) {
      for (long at = extent.at(); at < extent.end(); at += CHUNK_BYTES) {
        out.write(log.read(at, (int) Math.min(CHUNK_BYTES, extent.end() - at)));
      }
      out.flush();
      file.getFD().sync();
    }
    String name =
        "frame-at-" + extent.at() + "-" + HexFormat.of().toHexDigits((int) crc.getValue());
    Files.move(temporary, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    return name;
  }

  /** Something in a file's place that is none. */
  synchronized void takeUnlessRegular(Path path) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      String name = path.getFileName().toString();
      Files.move(path, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
      report(name, "it is no regular file");
    }
  }

  /** Also that of which nothing can be put aside. */
  synchronized void report(String name, String reason) {
    LOG.log(System.Logger.Level.ERROR, "Put aside {0}, since {1}", name, reason);
    taken.add(new Loaded.Quarantined(name, reason));
  }
}
