package dev.caisson.executor.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.executor.stdio.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever is put out, in whatever pieces: the same bytes of each stream come back. */
class LogRoundTripTest {

  record Piece(OutputStream stream, ByteString data) {}

  @Provide
  Arbitrary<List<Piece>> pieces() {
    Arbitrary<ByteString> small =
        Arbitraries.strings()
            .withChars('\n', 'a', ' ', '\0')
            .ofMaxLength(20)
            .map(ByteString::copyFromUtf8);
    Arbitrary<ByteString> any =
        Arbitraries.bytes().array(byte[].class).ofMaxSize(200).map(ByteString::copyFrom);
    Arbitrary<ByteString> long_ =
        Arbitraries.integers()
            .between(16_000, 40_000)
            .map(size -> ByteString.copyFrom(new byte[size]));
    return Combinators.combine(
            Arbitraries.of(OutputStream.class), Arbitraries.oneOf(small, any, long_))
        .as(Piece::new)
        .list()
        .ofMaxSize(12);
  }

  @Property(tries = 150)
  void bytesComeBack(@ForAll("pieces") List<Piece> pieces) throws Exception {
    Path directory = Files.createTempDirectory("logs");
    try (LogThreads threads = new LogThreads()) {
      ContainerLog log =
          new ContainerLog(
              directory.resolve("c"), new LogSettings(64 * 1024, 100), threads, Clock.systemUTC());
      pieces.forEach(piece -> log.output(piece.stream(), piece.data()));
      log.processEnded();
      ReadEntries read = ReadEntries.of(log, ReadEntries.ALL, threads);
      assertThat(read.end()).isEqualTo("completed");
      for (OutputStream stream : OutputStream.values()) {
        assertThat(read.bytes(stream)).isEqualTo(all(pieces, stream));
      }
      assertThat(read.entries).allMatch(entry -> entry.data().size() <= LogFormat.MAX_DATA);
      log.remove();
    } finally {
      Files.delete(directory);
    }
  }

  private static ByteString all(List<Piece> pieces, OutputStream stream) {
    return pieces.stream()
        .filter(piece -> piece.stream() == stream)
        .map(Piece::data)
        .reduce(ByteString.EMPTY, ByteString::concat);
  }
}
