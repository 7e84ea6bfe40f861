package dev.caisson.linux;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a child inherits: for each number in the child, a duplicate of ours whose own number is
 * above all of them. So no dup2 in the child can overwrite a source that a later one needs.
 */
record Inheritance(Map<Integer, Fd> sources, int end) implements AutoCloseable {
  private static final int STDERR = 2;

  /** Adds /dev/null for what is missing of standard input, output and error. */
  static Inheritance of(Files files, Map<Integer, Fd> descriptors) {
    TreeMap<Integer, Fd> sources = new TreeMap<>();
    int end = Math.max(STDERR, descriptors.keySet().stream().mapToInt(n -> n).max().orElse(0)) + 1;
    Inheritance inheritance = new Inheritance(sources, end);
    try (Fd nothing = files.open(Path.of("/dev/null"), OpenFlag.READ_WRITE)) {
      for (int number = 0; number < end; number++) {
        Fd fd =
            number <= STDERR ? descriptors.getOrDefault(number, nothing) : descriptors.get(number);
        if (fd != null) {
          sources.put(number, duplicate(fd, end));
        }
      }
      return inheritance;
    } catch (RuntimeException e) {
      inheritance.close();
      throw e;
    }
  }

  private static Fd duplicate(Fd fd, int least) {
    return Fd.adopt((int) fd.use(number -> ProcessDescriptors.INSTANCE.duplicate(number, least)));
  }

  @Override
  public void close() {
    sources.values().forEach(Fd::close);
  }
}
