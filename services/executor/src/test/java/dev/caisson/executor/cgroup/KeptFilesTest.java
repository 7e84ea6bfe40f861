package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.Kernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptFilesTest {
  private static final int MOST = 3;

  private final KeptFiles kept = new KeptFiles(Kernel.open().files(), MOST);
  @TempDir Path root;
  private Path box;

  @BeforeEach
  void make() throws IOException {
    box = Files.createDirectory(root.resolve("box"));
  }

  private void write(Path directory, String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  private List<Path> open() throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors
          .filter(Files::isSymbolicLink)
          .map(KeptFilesTest::target)
          .filter(path -> path.startsWith(root))
          .sorted()
          .toList();
    }
  }

  private static Path target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor);
    } catch (IOException e) {
      return descriptor; // the listing's own, which is closed by now
    }
  }

  @Test
  void areReadFromTheirBeginningEachTimeThroughOneDescriptor() throws IOException {
    for (String text : List.of("1\n", "22", "3\n")) {
      write(box, "cpuacct.usage", text);
      assertThat(kept.read(box, "cpuacct.usage")).contains(text.strip());
    }
    assertThat(open()).containsExactly(box.resolve("cpuacct.usage"));
  }

  @Test
  void areClosedWithTheirCgroup() throws IOException {
    Path other = Files.createDirectory(root.resolve("other"));
    write(box, "a", "1");
    write(box, "b", "2");
    write(other, "a", "3");
    for (String name : List.of("a", "b")) {
      kept.read(box, name);
    }
    kept.read(other, "a");

    kept.forget(box);
    kept.forget(box);
    assertThat(open()).containsExactly(other.resolve("a"));
    assertThat(kept.count()).isOne();
  }

  @Test
  void beyondTheBoundAreReadAllTheSame() throws IOException {
    for (int i = 0; i < 2 * MOST; i++) {
      write(box, "f" + i, "" + i);
      assertThat(kept.read(box, "f" + i)).contains("" + i);
      assertThat(kept.read(box, "f" + i)).contains("" + i);
    }
    assertThat(open()).hasSize(MOST);
    kept.forget(box);
    assertThat(open()).isEmpty();
    assertThat(kept.read(box, "f5")).contains("5");
    assertThat(kept.count()).isOne();
  }

  @Test
  void thatAreNotThereAreNotKept() throws IOException {
    assertThat(kept.read(box, "a")).isEqualTo(Optional.empty());
    assertThat(kept.read(root.resolve("none"), "a")).isEqualTo(Optional.empty());
    write(box, "a", "1");
    assertThat(kept.read(box, "a")).contains("1");
    assertThat(kept.count()).isOne();
  }
}
