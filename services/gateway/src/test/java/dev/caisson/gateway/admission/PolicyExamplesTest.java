package dev.caisson.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The policies of the guide. */
class PolicyExamplesTest {
  private static final Path GUIDE = Path.of("../../docs/policies");

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(GUIDE)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  /** Reading one is trying its examples. */
  @ParameterizedTest
  @MethodSource("files")
  void doWhatTheirExamplesSay(Path file) throws Exception {
    String text = Files.readString(file);
    Policies policies = PolicyDocument.read(file.toString(), text, PolicyDocumentTest.RULES);
    assertThat(text.split("verdict: allowed", -1)).hasSizeGreaterThan(policies.all().size());
    assertThat(text.split("examples:", -1)).hasSize(policies.all().size() + 1);
  }

  @Test
  void areAllInTheGuide() throws Exception {
    String guide = Files.readString(GUIDE.resolve("README.md"));
    assertThat(files())
        .hasSizeGreaterThan(4)
        .allSatisfy(file -> assertThat(guide).contains("(" + file.getFileName() + ")"));
    String first = guide.substring(guide.indexOf("```yaml\n") + 8);
    String block = first.substring(0, first.indexOf("```"));
    assertThat(PolicyDocument.read("README.md", block, PolicyDocumentTest.RULES).all()).hasSize(1);
  }
}
