package dev.caisson.executor.cgroup;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Map;

/**
 * The errno of an {@link IOException}, which java.nio gives as a class or as strerror(3)'s text.
 */
final class ErrnoText {
  /** What cgroup files answer with. Numbers: include/uapi/asm-generic/errno-base.h and errno.h. */
  private static final Map<String, String> BY_TEXT =
      Map.of(
          "Operation not permitted", "EPERM (1)",
          "No such process", "ESRCH (3)",
          "Device or resource busy", "EBUSY (16)",
          "No such device", "ENODEV (19)",
          "Invalid argument", "EINVAL (22)",
          "No space left on device", "ENOSPC (28)",
          "Read-only file system", "EROFS (30)",
          "Numerical result out of range", "ERANGE (34)",
          "Operation not supported", "EOPNOTSUPP (95)");

  private ErrnoText() {}

  static String of(IOException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> "ENOENT (2)";
      case AccessDeniedException _ -> "EACCES (13)";
      case FileAlreadyExistsException _ -> "EEXIST (17)";
      case DirectoryNotEmptyException _ -> "ENOTEMPTY (39)";
      default -> byText(String.valueOf(failure.getMessage()));
    };
  }

  static CgroupException.Kind kind(IOException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> CgroupException.Kind.MISSING;
      case FileAlreadyExistsException _ -> CgroupException.Kind.EXISTS;
      case DirectoryNotEmptyException _ -> CgroupException.Kind.BUSY;
      default ->
          of(failure).startsWith("EBUSY") ? CgroupException.Kind.BUSY : CgroupException.Kind.FAILED;
    };
  }

  private static String byText(String message) {
    return BY_TEXT.entrySet().stream()
        .filter(e -> message.endsWith(e.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(message);
  }
}
