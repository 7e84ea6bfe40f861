package dev.caisson.executor.cgroup;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongConsumer;

/** The control files of one directory that count something. Of what is gone there is nothing. */
record StatFiles(Path directory, ControlFiles files) {
  /** From here on a limit of version 1 is none: the highest number of pages, of at most 16 GiB. */
  private static final long UNLIMITED = Long.MAX_VALUE - (1L << 34);

  Optional<String> text(String file) {
    return files.readIfThere(directory.resolve(file));
  }

  /** Empty also for {@code max} and -1. */
  OptionalLong number(String file) {
    return text(file).map(FlatKeyed::number).orElse(OptionalLong.empty());
  }

  void number(String file, LongConsumer consumer) {
    number(file).ifPresent(consumer);
  }

  OptionalLong limit(String file) {
    OptionalLong limit = number(file);
    return limit.isPresent() && limit.getAsLong() < UNLIMITED ? limit : OptionalLong.empty();
  }

  FlatKeyed flat(String file) {
    return FlatKeyed.parse(text(file).orElse(""));
  }
}
