package dev.caisson.executor.cgroup;

import java.util.regex.Pattern;

/**
 * A scope of systemd and the slice that it lies in. Sources: systemd.unit(5), systemd.slice(5).
 *
 * @param slice {@code machine-web.slice}, or {@code -.slice}, which is the root
 * @param unit {@code engine-7f3a.scope}
 */
public record ScopeName(String slice, String unit) {
  private static final String SLICE = ".slice";
  private static final String SCOPE = ".scope";
  private static final String ROOT_SLICE = "-.slice";

  /** Where other tools put a scope whose slice is not said. */
  private static final String DEFAULT_SLICE = "system.slice";

  /** UNIT_NAME_MAX less the NUL. */
  private static final int MAX_LENGTH = 255;

  /** Without {@code @}, which would make an instance of a template. */
  private static final Pattern UNIT = Pattern.compile("[A-Za-z0-9:_.\\\\-]+");

  private static final Pattern OWN = Pattern.compile("caisson-[0-9a-f-]{36}\\.scope");

  public ScopeName {
    var _ = slicePath(slice);
    check(
        isUnit(unit) && unit.endsWith(SCOPE),
        "have a prefix and a name of A-Z a-z 0-9 _ . \\ -, at most 255 bytes with .scope");
  }

  /**
   * Reads what specifications have.
   *
   * @param text {@code slice:prefix:name}; an empty slice is system.slice
   * @throws IllegalArgumentException whose message is the rule that it breaks: {@code end in
   *     .slice}
   */
  public static ScopeName parse(String text) {
    String[] parts = text.split(":", -1);
    check(
        parts.length == 3 && text.indexOf('/') < 0,
        "be slice:prefix:name without /, as in machine.slice:engine:7f3a");
    check(!parts[2].isEmpty(), "have a name after the second colon");
    check(!parts[2].endsWith(SLICE), "name a scope, not a slice");
    String slice = parts[0].isEmpty() ? DEFAULT_SLICE : parts[0];
    ScopeName name = new ScopeName(slice, parts[1] + "-" + parts[2] + SCOPE);
    check(!isOwn(name.unit()), "not be a name that sandboxes without one get");
    return name;
  }

  /** Whether a unit has a name as sandboxes get, to which nobody has given one. */
  static boolean isOwn(String unit) {
    return OWN.matcher(unit).matches();
  }

  /** The name of a sandbox's own. */
  static String own(String sandboxUid) {
    return "caisson-" + sandboxUid + SCOPE;
  }

  /** Whether a path in the trees is that of a scope. */
  static boolean isScope(String path) {
    return path.endsWith(SCOPE) && isSlice(CgroupPath.parent(path));
  }

  /** Whether a path in the trees is that of a slice: there is one for each name. */
  public static boolean isSlice(String path) {
    try {
      return path.equals("/") || slicePath(last(path)).equals(path);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Of a path for which {@link #isScope} says yes. */
  static ScopeName at(String path) {
    String parent = CgroupPath.parent(path);
    return new ScopeName(parent.equals("/") ? ROOT_SLICE : last(parent), last(path));
  }

  static String last(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** Absolute in the trees. */
  public String path() {
    String above = slicePath(slice);
    return (above.equals("/") ? "" : above) + "/" + unit;
  }

  /**
   * Where a slice is: {@code a-b.slice} lies in {@code a.slice}.
   *
   * @throws IllegalArgumentException as {@link #parse}
   */
  public static String slicePath(String slice) {
    check(slice.endsWith(SLICE), "have a slice that ends in .slice");
    check(isUnit(slice), "have a slice of A-Z a-z 0-9 _ . \\ -, of at most 255 bytes");
    if (slice.equals(ROOT_SLICE)) {
      return "/";
    }
    StringBuilder path = new StringBuilder();
    String name = "";
    for (String part : slice.substring(0, slice.length() - SLICE.length()).split("-", -1)) {
      check(!part.isEmpty(), "have a slice without empty parts between its dashes");
      name = name.isEmpty() ? part : name + "-" + part;
      path.append('/').append(name).append(SLICE);
    }
    return path.toString();
  }

  private static boolean isUnit(String name) {
    return name.length() <= MAX_LENGTH && UNIT.matcher(name).matches();
  }

  private static void check(boolean holds, String rule) {
    if (!holds) {
      throw new IllegalArgumentException(rule);
    }
  }
}
