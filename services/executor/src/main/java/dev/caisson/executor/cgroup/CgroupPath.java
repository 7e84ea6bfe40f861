package dev.caisson.executor.cgroup;

/**
 * The rule for paths in cgroup trees: absolute and lexically clean, so that nothing resolves to
 * somewhere else.
 */
final class CgroupPath {
  /** PATH_MAX, without room for the mount point and a control file. */
  static final int MAX_LENGTH = 3_584;

  /** NAME_MAX. */
  static final int MAX_COMPONENT = 255;

  private CgroupPath() {}

  static void require(String path) {
    if (path.equals("/")) {
      return;
    }
    if (!path.startsWith("/") || path.length() > MAX_LENGTH || !clean(path.substring(1))) {
      throw new IllegalArgumentException(
          "cgroup path must be absolute, without empty, . or .. parts and control characters: "
              + path);
    }
  }

  private static boolean clean(String relative) {
    for (String part : relative.split("/", -1)) {
      if (part.isEmpty()
          || part.equals(".")
          || part.equals("..")
          || part.length() > MAX_COMPONENT) {
        return false;
      }
    }
    return relative.chars().noneMatch(Character::isISOControl);
  }

  /** Of a path other than {@code /}. */
  static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash == 0 ? "/" : path.substring(0, slash);
  }
}
