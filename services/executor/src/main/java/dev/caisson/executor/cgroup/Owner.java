package dev.caisson.executor.cgroup;

/**
 * To whom a cgroup's {@code cgroup.procs} belongs: ids as the host sees them.
 *
 * @param uid 0 to 2^31-1
 * @param gid 0 to 2^31-1
 */
public record Owner(int uid, int gid) {
  /** Nothing is handed over. */
  public static final Owner ROOT = new Owner(0, 0);

  public Owner {
    requireId("uid", uid);
    requireId("gid", gid);
  }

  private static void requireId(String field, int id) {
    if (id < 0) {
      throw new IllegalArgumentException(field + " must be at least 0: " + id);
    }
  }
}
