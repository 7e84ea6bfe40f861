package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.CgroupException;
import dev.caisson.executor.cgroup.Owner;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.types.v1.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Cgroups that specifications name, where others look for containers. No process of ours is in one;
 * a sandbox may lie below. One that was there before is nobody's to remove, nor is one that others
 * use by then.
 *
 * <p>What a crash leaves is found by a note in the sandbox's directory, until a record has it.
 */
final class NamedCgroups {
  private static final System.Logger LOG = System.getLogger(NamedCgroups.class.getName());
  private static final String FIELD = "cgroups_path";

  private final Host host;
  private final Holders holders;

  NamedCgroups(Host host, Holders holders) {
    this.host = host;
    this.holders = holders;
  }

  /**
   * What was begun and is in no record.
   *
   * @param parent of the sandbox's cgroup; empty: the usual one
   * @param made one that was named; empty: none
   */
  record Note(String parent, String made) {
    static final Note NONE = new Note("", "");
  }

  /** Makes the one that is to be a sandbox's parent, unless it is there. Empty: it was. */
  Optional<String> makeAbove(String sandboxUid, String path, Rollback rollback) {
    return make(sandboxUid, path, new Note(path, path), rollback);
  }

  /**
   * The same of one that a container is found by.
   *
   * @param draft its path is empty, or that of its sandbox's parent: then there is none
   */
  Optional<String> makeBeside(SandboxRecord sandbox, ContainerRecord draft, Rollback rollback) {
    String path = host.cgroups().named(draft.getSpec().getCgroupsPath());
    if (path.isEmpty() || parent(sandbox.getCgroup()).equals(path)) {
      return Optional.empty();
    }
    return make(sandbox.getUid(), path, new Note("", path), rollback);
  }

  private static String parent(String cgroup) {
    return cgroup.substring(0, cgroup.lastIndexOf('/'));
  }

  private Optional<String> make(String uid, String path, Note note, Rollback rollback) {
    return switch (host.cgroups().occupancy(path)) {
      case USED -> throw used(path);
      case EMPTY -> {
        note(uid, new Note(note.parent(), ""));
        yield Optional.empty();
      }
      case NONE -> {
        rollback.onFailure("note", () -> recorded(uid));
        note(uid, note);
        create(path);
        rollback.onFailure("cgroup " + path, () -> remove(path));
        yield Optional.of(path);
      }
    };
  }

  private void create(String path) {
    try {
      var _ = host.cgroups().create(path, Resources.getDefaultInstance(), Owner.ROOT);
    } catch (CgroupException e) {
      throw switch (e.kind()) {
        case EXISTS -> used(path);
        case MISSING -> Refusal.invalid(FIELD, "lie in a cgroup that is there", path).exception();
        case BUSY, SHORT, FAILED -> e;
      };
    }
  }

  private static RefusedException used(String path) {
    return Refusal.invalid(FIELD, "name a cgroup that no process of others is in", path)
        .exception();
  }

  /** Notes a sandbox's parent that is not the usual one. */
  void note(String sandboxUid, Note note) {
    try {
      Files.writeString(holders.note(sandboxUid), note.parent() + "\n" + note.made() + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to note a cgroup", e);
    }
  }

  /** From now on a record tells of what was made. */
  void recorded(String sandboxUid) {
    try {
      Files.deleteIfExists(holders.note(sandboxUid));
    } catch (IOException e) {
      LOG.log(Level.WARNING, "Failed to remove a note of " + sandboxUid, e);
    }
  }

  /** One that was cut off while it was written says nothing: nothing had been made then. */
  Note read(String sandboxUid) {
    try {
      String text = Files.readString(holders.note(sandboxUid));
      List<String> lines = text.lines().toList();
      return lines.size() == 2 && text.endsWith("\n")
          ? new Note(lines.get(0), lines.get(1))
          : Note.NONE;
    } catch (IOException e) {
      return Note.NONE;
    }
  }

  /** Removes what an earlier life had made for a container that it did not come to record. */
  void settle(SandboxRecord sandbox, List<ContainerRecord> containers) {
    String made = read(sandbox.getUid()).made();
    Stream<String> known =
        Stream.concat(
            Stream.of(sandbox.getNamedCgroup()),
            containers.stream().map(ContainerRecord::getNamedCgroup));
    if (known.noneMatch(made::equals)) {
      remove(made);
    }
    recorded(sandbox.getUid());
  }

  /** After all that is ours below. An empty path is none. */
  void remove(String path) {
    if (!path.isEmpty() && !host.cgroups().removeIfUnused(path)) {
      LOG.log(Level.WARNING, "Cgroup {0} is left: somebody else uses it", path);
    }
  }
}
