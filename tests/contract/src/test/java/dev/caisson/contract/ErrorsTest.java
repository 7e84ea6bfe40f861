package dev.caisson.contract;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tables of docs/errors.md are what the protos say; {@code -Dcontract.write=true} writes. */
class ErrorsTest {

  private static final Path DOCUMENT = Path.of("../../docs/errors.md");
  private static final String GATEWAY = "gateway-api/caisson/v1/reasons.proto";
  private static final String EXECUTOR = "executor-api/caisson/executor/v1/reasons.proto";
  private static final String AUDITOR = "audit-api/caisson/audit/v1/service.proto";
  private static final String JOURNAL = "journal-api/caisson/journal/v1/reasons.proto";

  /** By the heading under which its table is. */
  private static final Map<String, String> TABLES =
      Map.of(
          "The gateway's own", GATEWAY,
          "The executor's", EXECUTOR,
          "The auditor's", AUDITOR,
          "The journal's", JOURNAL);

  @Test
  void saysWhatTheProtosSay() throws IOException {
    String document = Files.readString(DOCUMENT);
    for (Map.Entry<String, String> table : TABLES.entrySet()) {
      document =
          withTable(document, table.getKey(), ErrorReason.table(ErrorReason.of(table.getValue())));
    }
    if (Boolean.getBoolean("contract.write")) {
      Files.writeString(DOCUMENT, document);
    }
    assertThat(Files.readString(DOCUMENT)).isEqualTo(document);
  }

  /** At the end of the section. */
  private static String withTable(String document, String heading, String table) {
    String begin = "## " + heading + "\n";
    assertThat(document).as(DOCUMENT.toString()).contains(begin);
    int start = document.indexOf(begin);
    int next = document.indexOf("\n## ", start);
    String section = document.substring(start, next < 0 ? document.length() : next);
    String words = section.lines().takeWhile(line -> !line.startsWith("|")).collect(joining("\n"));
    return document.substring(0, start)
        + words.strip()
        + "\n\n"
        + table
        + (next < 0 ? "" : document.substring(next));
  }

  @ParameterizedTest
  @ValueSource(strings = {GATEWAY, EXECUTOR, AUDITOR, JOURNAL})
  void everyReasonHasCodesThatThereAre(String proto) throws IOException {
    Set<String> codes =
        Arrays.stream(Code.values()).map(Enum::name).collect(Collectors.toCollection(HashSet::new));
    codes.removeAll(Set.of("OK", "UNKNOWN", "UNRECOGNIZED"));
    assertThat(ErrorReason.of(proto))
        .isNotEmpty()
        .allSatisfy(reason -> assertThat(codes).as(reason.name()).containsAll(reason.codes()));
  }

  /** Both come to a caller of the gateway under one domain. */
  @Test
  void whatHasOneNameHasOneMeaning() throws IOException {
    Map<String, List<String>> executors =
        ErrorReason.of(EXECUTOR).stream()
            .collect(Collectors.toMap(ErrorReason::name, ErrorReason::codes));
    for (ErrorReason own : ErrorReason.of(GATEWAY)) {
      assertThat(own.codes())
          .as(own.name())
          .isEqualTo(executors.getOrDefault(own.name(), own.codes()));
    }
  }
}
