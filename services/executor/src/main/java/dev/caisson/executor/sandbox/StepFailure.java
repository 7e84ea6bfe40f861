package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.executor.v1.Reason;
import java.util.Map;

/**
 * What a failed step of a program is to the caller: where it was there for a field of the
 * specification and the kernel's answer is about what was asked, the caller's to change; otherwise
 * the host's failure.
 */
final class StepFailure {
  /** Each process has a session keyring: keyrings(7). */
  private static final String KEYS =
      ". The user that it begins as has as many keys as kernel.keys.maxkeys allows, or as many bytes of"
          + " them as kernel.keys.maxbytes: end processes of the sandbox, or raise these on the host.";

  private StepFailure() {}

  static Refusal of(Plan plan, int step, Errno errno) {
    return errno == Errno.EDQUOT && plan.makesKeyring(step)
        ? Refusal.limit("kernel.keys.maxkeys", words(plan.describe(step), errno) + KEYS)
        : of(plan.describe(step), plan.field(step), errno);
  }

  /** Of an effect of the executor's own on a process, for a field. */
  static RefusedException of(String what, String field, LinuxException failed) {
    return failed.errno() == Errno.ESRCH
        ? Waiting.killed()
        : of(what, field, failed.errno()).exception();
  }

  /**
   * @param what words that can follow "Failed to"
   * @param field empty: for none
   */
  static Refusal of(String what, String field, Errno errno) {
    String words = words(what, errno);
    Map<String, String> metadata = Map.of("operation", what, "errno", errno.name());
    if (field.isEmpty()) {
      return new Refusal(Reason.SYSTEM_CALL_FAILED, words, metadata);
    }
    return switch (errno) {
      case EINVAL, ERANGE, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG ->
          ofField(
              Reason.INVALID_SPEC,
              words + ". The kernel does not take what " + field + " says: change or remove it.",
              field,
              errno);
      case EPERM, EACCES, EROFS, ENODEV, ENXIO, ENOSYS, EOPNOTSUPP ->
          ofField(
              Reason.HOST_UNSUPPORTED,
              words + ". This host does not allow what " + field + advice(errno),
              field,
              errno);
      default -> new Refusal(Reason.SYSTEM_CALL_FAILED, words, metadata);
    };
  }

  /** {@code Failed to mount proc on /proc: EPERM (1)}. */
  static String words(String what, Errno errno) {
    return "Failed to " + what + ": " + errno.name() + " (" + errno.number() + ")";
  }

  private static String advice(Errno errno) {
    return errno == Errno.EROFS
        ? " needs: the root filesystem is read-only and lacks it; add it to the image, or put an"
            + " overlay above."
        : " asks for: change or remove it.";
  }

  private static Refusal ofField(Reason reason, String sentence, String field, Errno errno) {
    return new Refusal(reason, sentence, Map.of("field", field, "errno", errno.name()));
  }
}
