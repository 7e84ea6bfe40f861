package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Files;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Resolve;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * Whether users of the host can reach what a container writes. Files are id-mapped, so that root of
 * a container owns them as root of the host: a set-user-ID program that it leaves where somebody
 * else can execute it makes him root. So what can be written lies behind a directory that only root
 * may search, as the stores of other engines do.
 */
final class Exposure {
  private static final Set<Resolve> ANYWHERE = EnumSet.noneOf(Resolve.class);

  /**
   * Search permission of group and others; with an ACL, the group's is that of whoever it names.
   */
  private static final int SEARCHED_BY_OTHERS = 0011;

  /** No path that the kernel resolves has more parts. */
  private static final int MAX_DEPTH = 2048;

  private final Files files;
  private final boolean allowed;

  /**
   * @param allowed whether it does not matter on this host
   */
  Exposure(Files files, boolean allowed) {
    this.files = files;
    this.allowed = allowed;
  }

  /**
   * Refuses what can be reached.
   *
   * @param field and path, for words
   * @throws dev.caisson.executor.refusal.RefusedException if every directory above it can be
   *     searched by others than root
   */
  void refuse(Fd opened, String field, Path path) {
    if (!allowed && isReachable(opened)) {
      throw Refusal.guard(
              "roots.exposed",
              field
                  + " can be written by the container and reached by users of this host, who could"
                  + " run what it leaves there as root: put it below a directory that only root may"
                  + " search (mode 0700), or let it be read-only: "
                  + path)
          .exception();
    }
  }

  private boolean isReachable(Fd opened) {
    return files.status(opened).type() == FileType.DIRECTORY
        ? isReachableFrom(opened.duplicate())
        : isReachableFrom(parent(opened));
  }

  /** Upwards by what the directories are, not by a name that somebody could change meanwhile. */
  private boolean isReachableFrom(Fd start) {
    Fd directory = start;
    try {
      FileStatus status = files.status(directory);
      for (int depth = 0; depth < MAX_DEPTH; depth++) {
        if (isRootsAlone(status)) {
          return false;
        }
        Fd above = files.openIn(directory, "..", ANYWHERE, OpenFlag.PATH, OpenFlag.DIRECTORY);
        directory.close();
        directory = above;
        FileStatus next = files.status(above);
        if (next.sameFile(status)) {
          return true; // the root of the host
        }
        status = next;
      }
      return true;
    } finally {
      directory.close();
    }
  }

  private static boolean isRootsAlone(FileStatus directory) {
    return directory.uid() == 0 && (directory.mode() & SEARCHED_BY_OTHERS) == 0;
  }

  /** The directory in which this very file is now. */
  private Fd parent(Fd file) {
    Path name = nameOf(file);
    Fd directory = files.open(directoryOf(name), OpenFlag.PATH, OpenFlag.DIRECTORY);
    try (Fd again =
        files.openIn(
            directory,
            String.valueOf(name.getFileName()),
            EnumSet.of(Resolve.NO_SYMLINKS),
            OpenFlag.PATH)) {
      if (files.status(again).sameFile(files.status(file))) {
        return directory;
      }
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
    directory.close();
    throw Refusal.invalid("mounts.source", "stay where it is while it is mounted", name)
        .exception();
  }

  private static Path directoryOf(Path name) {
    Path above = name.getParent();
    return above == null ? Path.of("/") : above;
  }

  private static Path nameOf(Fd file) {
    try {
      return java.nio.file.Files.readSymbolicLink(file.path());
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to find out where a file is", e);
    }
  }
}
