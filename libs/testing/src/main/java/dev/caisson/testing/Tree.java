package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.FileType;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Files by absolute path, without symbolic links. Guarded by the kernel's monitor. */
final class Tree {
  private static final Path ROOT = Path.of("/");

  private final TreeMap<Path, Node> nodes = new TreeMap<>();
  private long nextInode = 1;

  Tree() {
    nodes.put(ROOT, node(FileType.DIRECTORY));
  }

  /** A node that has no place in the tree. */
  Node node(FileType type) {
    return new Node(type, nextInode++);
  }

  Optional<Node> find(Path path) {
    return Optional.ofNullable(nodes.get(absolute(path)));
  }

  Node require(Path path) {
    return find(path).orElseThrow(() -> new LinuxException("find", path.toString(), Errno.ENOENT));
  }

  /** With the directories above it. */
  void addDirectories(Path path) {
    for (Path at = absolute(path); at != null; at = at.getParent()) {
      nodes.computeIfAbsent(at, key -> node(FileType.DIRECTORY));
    }
  }

  /** Fails as open(2) and bind(2) do where no file can be made. */
  Node add(Path path, FileType type) {
    Path place = absolute(path);
    if (require(place.resolveSibling("")).type() != FileType.DIRECTORY) {
      throw new LinuxException("open", path.toString(), Errno.ENOTDIR);
    }
    Node node = node(type);
    nodes.put(place, node);
    return node;
  }

  void addDirectory(Path path) {
    if (find(path).isPresent()) {
      throw new LinuxException("make directory", path.toString(), Errno.EEXIST);
    }
    add(path, FileType.DIRECTORY);
  }

  void removeDirectory(Path path) {
    if (require(path).type() != FileType.DIRECTORY) {
      throw new LinuxException("remove directory", path.toString(), Errno.ENOTDIR);
    }
    if (children(path).findAny().isPresent()) {
      throw new LinuxException("remove directory", path.toString(), Errno.ENOTEMPTY);
    }
    nodes.remove(absolute(path));
  }

  List<String> directories(Path path) {
    if (require(path).type() != FileType.DIRECTORY) {
      throw new LinuxException("open", path.toString(), Errno.ENOTDIR);
    }
    return children(path)
        .filter(child -> require(child).type() == FileType.DIRECTORY)
        .map(child -> child.getFileName().toString())
        .toList();
  }

  private Stream<Path> children(Path path) {
    Path parent = absolute(path);
    return nodes.keySet().stream().filter(place -> parent.equals(place.getParent()));
  }

  OpenNode open(Path path, Set<OpenFlag> flags) {
    Optional<Node> found = find(path);
    found.ifPresent(node -> check(path, node, flags));
    Node node = found.orElseGet(() -> create(path, flags));
    if (flags.contains(OpenFlag.TRUNCATE)) {
      node.resize(0);
    }
    return new OpenNode(absolute(path), node, flags);
  }

  private static void check(Path path, Node node, Set<OpenFlag> flags) {
    boolean isDirectory = node.type() == FileType.DIRECTORY;
    if (flags.contains(OpenFlag.CREATE) && flags.contains(OpenFlag.EXCLUSIVE)) {
      throw new LinuxException("open", path.toString(), Errno.EEXIST);
    }
    if (flags.contains(OpenFlag.DIRECTORY) && !isDirectory) {
      throw new LinuxException("open", path.toString(), Errno.ENOTDIR);
    }
    if (isDirectory && OpenNode.isForWriting(flags)) {
      throw new LinuxException("open", path.toString(), Errno.EISDIR);
    }
    if (node.type() == FileType.SOCKET && !flags.contains(OpenFlag.PATH)) {
      throw new LinuxException("open", path.toString(), Errno.ENXIO);
    }
  }

  private Node create(Path path, Set<OpenFlag> flags) {
    if (!flags.contains(OpenFlag.CREATE)) {
      throw new LinuxException("open", path.toString(), Errno.ENOENT);
    }
    return add(path, FileType.REGULAR);
  }

  private static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }
}
