package dev.caisson.executor.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.executor.plan.RootMount;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Trees;
import dev.caisson.proto.types.v1.ContainerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Directories on disk for what containers write: made for one container, and removed with it. Where
 * they are is noted before they are made, so that none outlives a crash.
 */
final class Uppers {
  private static final System.Logger LOG = System.getLogger(Uppers.class.getName());

  /** Before the container's uid: a name of fixed length, whatever the directory is called. */
  static final String PREFIX = ".caisson-";

  /** Before the uid in the name of a note that is not finished. */
  private static final String DRAFT = ".";

  private static final int MODE = 0700;

  private final Donor donor;
  private final Path notes;

  /**
   * @param notes a directory of the executor's own, made where missing
   */
  Uppers(Donor donor, Path notes) {
    this.donor = donor;
    this.notes = notes;
  }

  /**
   * Makes the directory, if the container is to have one.
   *
   * @return open; the receiver closes it
   */
  Optional<Fd> make(String uid, ContainerSpec spec) {
    return RootMount.upperDirectory(spec.getRoot()).map(directory -> make(uid, directory));
  }

  private Fd make(String uid, String directory) {
    note(uid, directory);
    try (Fd parent = donor.upperParent(Path.of(directory))) {
      return Trees.make(parent, PREFIX + uid, MODE);
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR) {
        throw Refusal.invalid("root.overlay.directory", "be a directory", directory).exception();
      }
      throw e;
    }
  }

  /** Whole, and on the disk, when it has its name. */
  private void note(String uid, String directory) {
    Path draft = notes.resolve(DRAFT + uid);
    try {
      Files.createDirectories(notes);
      try (FileChannel file =
          FileChannel.open(draft, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        file.write(ByteBuffer.wrap(directory.getBytes(UTF_8)));
        file.force(true);
      }
      Files.move(draft, notes.resolve(uid), StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel entries = FileChannel.open(notes, StandardOpenOption.READ)) {
        entries.force(true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to note where the container writes", e);
    }
  }

  /** Removes it with all that the container has written, if the container has one. */
  void remove(String uid, ContainerSpec spec) {
    if (RootMount.upperDirectory(spec.getRoot()).isPresent()) {
      remove(uid);
    }
  }

  /** No error when there is none. */
  private void remove(String uid) {
    try {
      Path note = notes.resolve(uid);
      removeTree(Path.of(Files.readString(note)), uid);
      Files.deleteIfExists(note);
    } catch (NoSuchFileException e) {
      LOG.log(Level.DEBUG, "Nothing is noted of {0}", uid);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to read where the container wrote", e);
    }
  }

  private void removeTree(Path directory, String uid) {
    try (Fd parent = donor.upperParent(directory)) {
      Trees.remove(parent, PREFIX + uid);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT) { // the directory itself has been removed
        throw e;
      }
    }
  }

  /** Removes those of containers that are no more: what a crash has left. */
  void sweep(Predicate<String> lives) {
    noted().stream().filter(uid -> !lives.test(uid)).forEach(this::sweep);
  }

  private void sweep(String uid) {
    try {
      if (uid.startsWith(DRAFT)) {
        Files.deleteIfExists(notes.resolve(uid));
      } else {
        remove(uid);
      }
    } catch (LinuxException | RefusedException | IOException | UncheckedIOException e) {
      LOG.log(Level.WARNING, "Failed to remove what the container " + uid + " wrote", e);
    }
  }

  private List<String> noted() {
    try (Stream<Path> files = Files.list(notes)) {
      return files.map(file -> file.getFileName().toString()).toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to list where containers wrote", e);
    }
  }
}
