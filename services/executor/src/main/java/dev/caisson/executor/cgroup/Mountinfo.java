package dev.caisson.executor.cgroup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code /proc/self/mountinfo}, as far as it matters here. Source: proc_pid_mountinfo(5). */
final class Mountinfo {
  /** Fields before the optional ones: id, parent, device, root, mount point, options. */
  private static final int FIXED_FIELDS = 6;

  private static final int ROOT = 3;
  private static final int MOUNT_POINT = 4;

  private Mountinfo() {}

  /**
   * One mount.
   *
   * @param root the directory of the filesystem that is mounted, {@code /} for all of it
   */
  record Entry(String root, Path mountPoint, String type, Set<String> superOptions) {
    private boolean isWhole() {
      return root.equals("/");
    }

    /**
     * Where a path of the filesystem is below the mount point: {@code /} and what follows. Empty
     * where the mount does not show it. A root outside of our cgroup namespace is written with
     * {@code ..}, and what is below it cannot be told: cgroup_namespaces(7).
     */
    Optional<String> inside(String path) {
      if (isWhole() || path.equals(root)) {
        return Optional.of(isWhole() ? path : "/");
      }
      return path.startsWith(root + "/")
          ? Optional.of(path.substring(root.length()))
          : Optional.empty();
    }
  }

  /** Those of a whole filesystem before those of a part, which others may have mounted. */
  static List<Entry> wholeFirst(List<Entry> mounts) {
    return mounts.stream().sorted(Comparator.comparing(mount -> !mount.isWhole())).toList();
  }

  static List<Entry> read(Path mountinfo) {
    try {
      return parse(Files.readAllLines(mountinfo));
    } catch (IOException e) {
      throw new CgroupException(
          CgroupException.Kind.FAILED, "read", mountinfo.toString(), String.valueOf(e));
    }
  }

  /** Lines that are none are skipped: what cannot be read is not used. */
  static List<Entry> parse(List<String> lines) {
    return lines.stream().map(Mountinfo::line).flatMap(Optional::stream).toList();
  }

  private static Optional<Entry> line(String line) {
    int separator = line.indexOf(" - ");
    if (separator < 0 || line.indexOf('\0') >= 0) {
      return Optional.empty();
    }
    List<String> before = words(line.substring(0, separator));
    List<String> after = words(line.substring(separator + 3));
    if (before.size() < FIXED_FIELDS || after.size() < 2) {
      return Optional.empty();
    }
    Set<String> options = after.size() > 2 ? Set.copyOf(commas(after.get(2))) : Set.of();
    Path mountPoint = Path.of(unescape(before.get(MOUNT_POINT)));
    return Optional.of(new Entry(unescape(before.get(ROOT)), mountPoint, after.get(0), options));
  }

  private static List<String> words(String text) {
    return List.of(text.split(" ", -1));
  }

  private static List<String> commas(String text) {
    return List.of(text.split(",", -1));
  }

  /** Space, tab, newline and backslash come as three octal digits. */
  static String unescape(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      if (isEscape(text, i)) {
        plain.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        plain.append(text.charAt(i));
      }
    }
    return plain.toString();
  }

  private static boolean isEscape(String text, int at) {
    return text.charAt(at) == '\\'
        && at + 3 < text.length()
        && text.substring(at + 1, at + 4).matches("[0-3][0-7][0-7]");
  }
}
