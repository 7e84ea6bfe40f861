package dev.caisson.executor.plan;

import java.util.Optional;

/** One option of a filesystem, as fsconfig(2) takes it: a flag, or a key with a value. */
record MountOption(String key, Optional<String> value) {

  /** {@code size=64m}, or {@code sync}. */
  static MountOption parse(String option) {
    int equals = option.indexOf('=');
    return equals < 0
        ? new MountOption(option, Optional.empty())
        : new MountOption(option.substring(0, equals), Optional.of(option.substring(equals + 1)));
  }

  String text() {
    return value.map(v -> key + "=" + v).orElse(key);
  }
}
