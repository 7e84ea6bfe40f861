package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/** Paths as text, never looked up here. */
public final class Paths {
  /** {@code PATH_MAX} of linux/limits.h counts the NUL at the end. */
  static final int MAX_BYTES = 4095;

  /** {@code NAME_MAX}. */
  static final int MAX_NAME_BYTES = 255;

  /** {@code /proc/7/ns/net}: the pid, and which. */
  public static final Pattern PROCESS_NAMESPACE =
      Pattern.compile("/proc/([1-9][0-9]{0,9})/ns/([a-z_]{1,20})");

  private static final Pattern SLASHES = Pattern.compile("/+");

  private Paths() {}

  /**
   * The path without empty components and without {@code .}; the root is {@code /}.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if it is not absolute, or climbs
   */
  public static String clean(String field, String path) {
    check(path.startsWith("/"), field, "be an absolute path", path);
    check(path.indexOf('\0') < 0, field, "have no NUL", path);
    check(bytes(path) <= MAX_BYTES, field, "have at most " + MAX_BYTES + " bytes", path);
    List<String> names =
        SLASHES.splitAsStream(path).filter(name -> !name.isEmpty() && !name.equals(".")).toList();
    check(!names.contains(".."), field, "not contain ..", path);
    check(
        names.stream().allMatch(name -> bytes(name) <= MAX_NAME_BYTES),
        field,
        "have components of at most " + MAX_NAME_BYTES + " bytes",
        path);
    return "/" + String.join("/", names);
  }

  /** Whether a clean path is a process's namespace: proc_pid_ns(5). */
  public static boolean isOfProcess(String clean) {
    return PROCESS_NAMESPACE.matcher(clean).matches();
  }

  /** The path as it is resolved beneath a root: without the leading slash. */
  static String relative(String clean) {
    return clean.equals("/") ? "." : clean.substring(1);
  }

  static String absolute(String path) {
    return path.startsWith("/") ? path : "/" + path;
  }

  static String parent(String clean) {
    int slash = clean.lastIndexOf('/');
    return slash <= 0 ? "/" : clean.substring(0, slash);
  }

  static String name(String clean) {
    return clean.substring(clean.lastIndexOf('/') + 1);
  }

  /** Whether {@code path} is {@code directory}, or lies beneath it. */
  public static boolean within(String path, String directory) {
    return directory.equals("/") || path.equals(directory) || path.startsWith(directory + "/");
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static void check(boolean holds, String field, String rule, String path) {
    if (!holds) {
      throw Refusal.invalid(field, rule, path).exception();
    }
  }
}
