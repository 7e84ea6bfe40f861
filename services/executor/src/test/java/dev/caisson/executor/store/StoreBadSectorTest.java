package dev.caisson.executor.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.store.v1.ContainerRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A place of the log that the disk cannot read any more. */
class StoreBadSectorTest {
  private static final int FRAMES = 5;

  @TempDir Path directory;

  private static final class BadReader extends LogReader {
    private final long bad;

    BadReader(Path path, long bad) throws IOException {
      super(path);
      this.bad = bad;
    }

    @Override
    byte[] read(long at, int length) throws IOException {
      if (at <= bad && bad < at + length) {
        throw new IOException("Input/output error");
      }
      return super.read(at, length);
    }
  }

  @Test
  void losesOneFrameAndFindsTheNext() throws IOException {
    try (Store store = Store.open(directory)) {
      for (int i = 0; i < FRAMES; i++) {
        store.put(record(i));
      }
    }
    long size = Files.size(Stores.log(directory));
    long frame = size / FRAMES;
    for (long bad : new long[] {frame, frame + 10, frame + frame / 2}) {
      try (LogReader reader = new BadReader(Stores.log(directory), bad)) {
        Scan scan = new Scan(reader, size);

        assertThat(scan.index().inOrder())
            .extracting(entry -> entry.getKey().uid())
            .containsExactly("c0", "c2", "c3", "c4");
        assertThat(scan.broken())
            .containsExactly(
                new Scan.Broken(
                    new Extent(frame, frame),
                    "it cannot be read: java.io.IOException: Input/output error"));
        assertThat(scan.end()).isEqualTo(size);
      }
    }
  }

  /** Larger than what is passed over at once. */
  private static ContainerRecord record(int i) {
    return Stores.container("c" + i, i + 1).toBuilder().setRequestId("x".repeat(20_000)).build();
  }

  @Test
  void reportsWhatCannotEvenBePutAside() throws IOException {
    Files.write(Stores.log(directory), new byte[100]);
    Quarantine quarantine = new Quarantine(directory);
    try (LogReader reader = new BadReader(Stores.log(directory), 50)) {
      assertThat(quarantine.take(reader, new Extent(0, 100), "it is bad")).isFalse();
    }

    assertThat(quarantine.taken())
        .containsExactly(new Loaded.Quarantined("frame-at-0", "it is bad"));
  }
}
