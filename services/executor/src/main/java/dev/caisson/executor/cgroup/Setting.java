package dev.caisson.executor.cgroup;

/**
 * A value for a control file, and the field that it comes from.
 *
 * @param none what takes it away, where the file has an entry for each first word, as {@code
 *     io.max} for each device; empty: the file has one value
 */
record Setting(Controller controller, String file, String value, String field, String none) {
  Setting(Controller controller, String file, String value, String field) {
    this(controller, file, value, field, "");
  }

  /** The first word, where that is whose entry it is; otherwise empty. */
  String key() {
    return none.isEmpty() ? "" : value.substring(0, value.indexOf(' '));
  }

  /** Of what the file has, what this is about; empty where it has nothing of that. */
  String of(String content) {
    if (file.equals(V1Files.OOM_CONTROL)) {
      return String.valueOf(FlatKeyed.parse(content).get("oom_kill_disable").orElse(0));
    }
    return none.isEmpty()
        ? content
        : content.lines().filter(line -> line.startsWith(key() + " ")).findFirst().orElse("");
  }

  /**
   * What is to be written to have that again.
   *
   * @param before as {@link #of} found it
   */
  String restoring(String before) {
    return before.isEmpty() && !none.isEmpty() ? key() + " " + none : before;
  }
}
