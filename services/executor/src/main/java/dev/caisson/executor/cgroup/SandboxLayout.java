package dev.caisson.executor.cgroup;

/**
 * The names of a sandbox's cgroups: {@code ‹parent›/sandbox-‹uid›/{init,ctr-‹uid›}}. v2 allows no
 * process beside child groups, so caisson-init has a leaf of its own there, and in v1 none; the
 * prefixes keep uids from colliding with control files.
 *
 * @param parent absolute path in the trees
 * @param sandboxUid UUID, text form
 */
public record SandboxLayout(String parent, String sandboxUid) {
  /** Of caisson-init's own place. */
  public static final String LEAF = "init";

  private static final String PREFIX = "sandbox-";

  public SandboxLayout {
    CgroupPath.require(parent);
    requireUid(sandboxUid);
  }

  public String sandbox() {
    return (parent.equals("/") ? "" : parent) + "/" + PREFIX + sandboxUid;
  }

  /** Whether it has the name of a sandbox's: then it has a leaf. */
  static boolean isSandbox(String path) {
    return path.startsWith(PREFIX, path.lastIndexOf('/') + 1);
  }

  public String init() {
    return sandbox() + "/" + LEAF;
  }

  public String container(String containerUid) {
    requireUid(containerUid);
    return sandbox() + "/ctr-" + containerUid;
  }

  private static void requireUid(String uid) {
    if (!uid.matches("[0-9a-f-]{1,36}")) {
      throw new IllegalArgumentException("uid must be a UUID: " + uid);
    }
  }
}
