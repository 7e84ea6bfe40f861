package dev.caisson.executor.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be said of caisson-init without running it. */
class CaissonInitTest {
  private static final int MAX_BINARY_BYTES = 64 << 10;
  private static final Path BINARIES = Path.of("target/classes/dev/caisson/executor/init");
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** Seconds for each fuzzer: more with {@code -Dcaisson.fuzz.seconds=…}. */
  private static final String FUZZ_SECONDS = System.getProperty("caisson.fuzz.seconds", "2");

  @TempDir private Path directory;

  @Test
  void laysOutStructuresAsTheGoldenFilesSay() throws Exception {
    CProgram golden = CProgram.compile(directory, "golden", List.of(), "golden.c");
    CProgram.Result result = golden.run(Duration.ofSeconds(10));
    assertThat(result.status()).isZero();
    assertThat(printed(result.output())).isEqualTo(checkedIn()).hasSize(9);
  }

  @Test
  void staysSmall() throws Exception {
    try (Stream<Path> binaries = Files.list(BINARIES)) {
      List<Path> found = binaries.filter(CaissonInitTest::isBinary).toList();
      assertThat(found).isNotEmpty();
      for (Path binary : found) {
        System.out.printf("%s: %d bytes%n", binary.getFileName(), Files.size(binary));
        assertThat(Files.size(binary)).isBetween(1L, (long) MAX_BINARY_BYTES - 1);
      }
    }
  }

  /** The package's classes lie beside them. */
  private static boolean isBinary(Path file) {
    return file.getFileName().toString().startsWith("caisson-init-");
  }

  @Test
  void isBuiltReproducibly() throws Exception {
    Path build = Path.of("src/main/c/build.sh");
    CProgram.Result result =
        new CProgram(build.toAbsolutePath()).run(Duration.ofMinutes(1), directory.toString());
    assertThat(result.status()).as(result.output()).isZero();
    try (Stream<Path> binaries = Files.list(BINARIES)) {
      for (Path binary : binaries.filter(CaissonInitTest::isBinary).toList()) {
        assertThat(directory.resolve(binary.getFileName())).hasSameBinaryContentAs(binary);
      }
    }
  }

  @Test
  void survivesSpoiledPrograms() throws Exception {
    fuzz("program_fuzz", "program_fuzz.c", "fuzz_random.c", "program.c");
  }

  @Test
  void keepsAccountOfDescriptorsWhateverItIsSent() throws Exception {
    fuzz("message_fuzz", "message_fuzz.c", "fuzz_random.c");
  }

  private void fuzz(String name, String... sources) throws Exception {
    CProgram fuzzer = CProgram.compile(directory, name, CProgram.SANITIZED, sources);
    Duration limit = Duration.ofSeconds(Long.parseLong(FUZZ_SECONDS) + 60);
    CProgram.Result result = fuzzer.run(limit, FUZZ_SECONDS);
    System.out.print(result.output());
    assertThat(result.status()).as(result.output()).isZero();
  }

  private static Map<String, String> printed(String output) {
    Map<String, String> lines = new TreeMap<>();
    output.lines().map(line -> line.split(" ", 2)).forEach(line -> lines.put(line[0], line[1]));
    return lines;
  }

  private static Map<String, String> checkedIn() throws Exception {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> listed = Files.list(GOLDEN)) {
      for (Path file : listed.toList()) {
        String name = file.getFileName().toString().replace(".hex", "");
        files.put(name, Files.readString(file).strip());
      }
    }
    return files;
  }
}
