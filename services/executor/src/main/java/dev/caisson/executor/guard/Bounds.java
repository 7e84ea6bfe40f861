package dev.caisson.executor.guard;

import dev.caisson.executor.refusal.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.Collection;

/** How much a request may carry. The numbers are the API's: spec.proto, service.proto. */
final class Bounds {
  static final int MAX_ARGS = 1024;
  static final int MAX_ARGS_AND_ENV_BYTES = 128 * 1024;
  static final int MAX_GROUPS = 1024;
  static final int MAX_RLIMITS = 16;
  static final int MAX_CONSOLE = 65_535;
  static final int MAX_OOM_SCORE = 1000;

  static final int MAX_MOUNTS = 128;
  static final int MAX_MOUNT_OPTIONS = 64;

  /** fsconfig(2) takes strings of at most 256 bytes, the NUL included. */
  static final int MAX_MOUNT_OPTION_BYTES = 255;

  /** Of a path in the trees of cgroups, below which ours are still to have names. */
  static final int MAX_CGROUP_BYTES = 3_072;

  static final int MAX_VOLUMES = 64;
  static final int MAX_DEVICES = 64;
  static final int MAX_DEVICE_RULES = 256;
  static final int MAX_NAMESPACES = 8;
  static final int MAX_PATHS = 128;
  static final int MAX_SYSCTLS = 128;
  static final int MAX_HOOKS = 64;
  static final int MAX_ANNOTATIONS = 256;
  static final int MAX_ANNOTATION_BYTES = 64 * 1024;

  /** user_namespaces(7): lines of a map. */
  static final int MAX_MAPPINGS = 340;

  /** The gateway's own bound, and the entry that tells of the others. */
  static final int MAX_IGNORED = 33;

  static final int MAX_IGNORED_BYTES = 512;
  static final int MAX_IGNORED_VALUE_BYTES = 1024;

  static final int MAX_STDIN_BYTES = 64 * 1024;
  static final int MAX_FORWARDED_BYTES = 16 * 1024;
  static final int MAX_PORT = 65_535;
  static final int MAX_SIGNAL = 64;

  /** Of the year 9999, since 1970. */
  static final long LAST_SECOND = 253_402_300_799L;

  static final int MAX_NANOS = 999_999_999;

  private Bounds() {}

  static void check(boolean holds, String field, String rule, Object value) {
    if (!holds) {
      throw Refusal.invalid(field, rule, value).exception();
    }
  }

  static void atMost(String field, long count, long most, String what) {
    check(count <= most, field, "have at most " + most + " " + what, count);
  }

  static void range(String field, long value, long least, long most) {
    check(value >= least && value <= most, field, "be " + least + " to " + most, value);
  }

  static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  static long bytes(Collection<String> texts) {
    return texts.stream().mapToLong(Bounds::bytes).sum();
  }
}
