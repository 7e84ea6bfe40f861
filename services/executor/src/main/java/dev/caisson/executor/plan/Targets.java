package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Slot;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Makes and opens paths beneath a root that somebody else has filled.
 *
 * <p>Each directory is made by its name in a parent that is already open, and opened by openat2(2)
 * with RESOLVE_IN_ROOT: a symbolic link in the image, or one that is put there meanwhile, leads to
 * another place in the same root and never out of it.
 */
final class Targets {
  private static final List<Flag> IN_ROOT =
      List.of(Flag.RESOLVE_IN_ROOT, Flag.RESOLVE_NO_MAGICLINKS);
  private static final List<Flag> DIRECTORY =
      List.of(Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
  private static final List<Flag> ANY = List.of(Flag.O_PATH, Flag.O_CLOEXEC);
  private static final List<Flag> DEVICE =
      List.of(Flag.O_RDWR, Flag.O_NOCTTY, Flag.O_NONBLOCK, Flag.O_CLOEXEC);
  private static final int DIRECTORY_MODE = 0755;

  /**
   * Who was given a part of a volume could else put a link there that leads whoever is given a part
   * of that to the whole.
   */
  private static final List<Flag> WITHOUT_LINKS =
      List.of(Flag.RESOLVE_BENEATH, Flag.RESOLVE_NO_SYMLINKS, Flag.RESOLVE_NO_MAGICLINKS);

  /** Everybody's, as the root of a volume is. */
  private static final int VOLUME_MODE = 01777;

  private final Assembly assembly;
  private final Descriptor root;
  private final List<Flag> resolve;
  private final int mode;

  /** Directories that are there as long as nothing is mounted. */
  private final Set<String> present = new HashSet<>(Set.of("/"));

  Targets(Assembly assembly, Descriptor root) {
    this(assembly, root, IN_ROOT, DIRECTORY_MODE);
  }

  private Targets(Assembly assembly, Descriptor root, List<Flag> resolve, int mode) {
    this.assembly = assembly;
    this.root = root;
    this.resolve = resolve;
    this.mode = mode;
  }

  /** In a volume, without links. The umask is to be 0. */
  static Targets ofVolume(Assembly assembly, Descriptor volume) {
    return new Targets(assembly, volume, WITHOUT_LINKS, VOLUME_MODE);
  }

  Slot openDirectory(String path) {
    return open(path, DIRECTORY);
  }

  Slot openAny(String path) {
    return open(path, ANY);
  }

  /** For input and output, which never wait. */
  Slot openDevice(String path) {
    return open(path, DEVICE);
  }

  /** The slot holds no descriptor when there is no such directory. */
  Slot openDirectoryIfThere(String path) {
    return openIfThere(path, DIRECTORY);
  }

  /** The slot holds no descriptor when there is no such path. */
  Slot openAnyIfThere(String path) {
    return openIfThere(path, ANY);
  }

  /** Makes a directory with all above it, where missing. */
  void makeDirectories(String path) {
    if (present.add(path)) {
      makeDirectories(Paths.parent(path));
      inParent(path, parent -> directory(parent, path));
    }
  }

  /**
   * Something covers a path now. Through a link it may cover others too, so little is still known.
   */
  void mounted(String path) {
    present.clear();
    present.add("/");
    for (String above = path; !above.equals("/"); above = Paths.parent(above)) {
      present.add(above);
    }
  }

  /** Makes an empty file with all directories above it, where missing. */
  void makeFile(String path) {
    makeDirectories(Paths.parent(path));
    inParent(path, parent -> file(parent, path));
  }

  private void inParent(String path, Function<Descriptor, Step> make) {
    String above = Paths.parent(path);
    if (above.equals("/")) {
      assembly.add(make.apply(root));
    } else {
      Slot parent = openDirectory(above);
      assembly.add(make.apply(parent));
      assembly.release(parent);
    }
  }

  private Step directory(Descriptor parent, String path) {
    return new FileStep.MakeDirectory(parent, Paths.name(path), mode, path)
        .tolerating(Tolerable.EEXIST);
  }

  private static Step file(Descriptor parent, String path) {
    return new FileStep.MakeFile(parent, Paths.name(path), path).tolerating(Tolerable.EEXIST);
  }

  private Slot open(String path, List<Flag> flags) {
    return assembly.fill(slot -> step(path, flags, slot));
  }

  private Slot openIfThere(String path, List<Flag> flags) {
    return assembly.fill(
        slot -> step(path, flags, slot).tolerating(Tolerable.ENOENT, Tolerable.ENOTDIR));
  }

  private FileStep.Open step(String path, List<Flag> flags, Slot slot) {
    return new FileStep.Open(root, Paths.relative(path), flags, resolve, slot);
  }
}
