package dev.caisson.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The public protos against the baseline. What is new is written into it with {@code
 * -Dcontract.write=true}, unless something breaks.
 */
class ContractTest {

  private static final Path BASELINE = PublicApi.PROTO.resolve("baseline.txt");

  private static final String HEAD =
      """
      # What the public protos promise, a line for each thing. The build refuses what breaks one of these lines; what is new
      # is added by
      #   mvn -Dquick -DskipTests=false -Dcontract.write=true -pl tests/contract -am \\
      #     -Dtest='dev.caisson.contract.*Test' -Dsurefire.failIfNoSpecifiedTests=false test
      """;

  private final Contract now;

  ContractTest() throws IOException {
    now = ContractReader.read(PublicApi.files());
  }

  @Test
  void breaksNothingThatWasPromised() throws IOException {
    assertThat(Breaks.between(baseline(), now)).isEmpty();
  }

  @Test
  void promisesWhatIsNew() throws IOException {
    if (Boolean.getBoolean("contract.write") && Breaks.between(baseline(), now).isEmpty()) {
      Files.writeString(BASELINE, HEAD + now.text());
    }
    Set<String> known = baseline().text().lines().collect(Collectors.toSet());
    assertThat(now.text().lines().filter(line -> !known.contains(line)))
        .as("new, and not in proto/baseline.txt yet: its first lines say how to add it")
        .isEmpty();
  }

  @Test
  void knowsEveryPackage() throws IOException {
    List<String> packages =
        Files.readAllLines(BASELINE).stream()
            .filter(line -> line.startsWith("file "))
            .map(line -> Element.parse(line).fact("package"))
            .distinct()
            .toList();
    assertThat(packages)
        .containsExactlyInAnyOrder(
            "caisson.v1",
            "caisson.audit.v1",
            "caisson.events.v1",
            "caisson.journal.v1",
            "caisson.types.v1");
  }

  private static Contract baseline() throws IOException {
    return Contract.parse(Files.exists(BASELINE) ? Files.readString(BASELINE) : "");
  }
}
