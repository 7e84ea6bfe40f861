package dev.caisson.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A line of the table of ACLs in docs/kafka.md.
 *
 * @param service gateway or auditor
 * @param resource Topic, Group or TransactionalId
 * @param name of the resource, or what its name begins with
 * @param prefixed whether it is what its name begins with
 * @param operations Read, Write, …
 */
public record DocumentedAcl(
    String service, String resource, String name, boolean prefixed, List<String> operations) {

  private static final int COLUMNS = 5;

  /** All that the document says a service needs. */
  public static List<DocumentedAcl> of(String service) throws IOException {
    Path document = Path.of("..", "..", "docs", "kafka.md");
    try (Stream<String> lines = Files.lines(document)) {
      return lines
          .map(line -> line.replace("`", "").split("\\|", -1))
          .filter(cells -> cells.length > COLUMNS && cells[1].strip().equals(service))
          .map(cells -> Arrays.stream(cells).map(String::strip).toList())
          .map(DocumentedAcl::of)
          .toList();
    }
  }

  /** As Kafka's protocol names it: TRANSACTIONAL_ID. */
  public String resourceType() {
    return constant(resource);
  }

  /** As Kafka's protocol names them. */
  public List<String> operationTypes() {
    return operations.stream().map(DocumentedAcl::constant).toList();
  }

  /** How the broker's authorizer tells, for each operation, by which rule it let the service in. */
  public List<String> rules() {
    return operationTypes().stream()
        .map(operation ->
            "StandardAcl[resourceType=%s, resourceName=%s, patternType=%s, principal=User:%s, host=*, operation=%s,"
                .formatted(
                    resourceType(), name, prefixed ? "PREFIXED" : "LITERAL", service, operation))
        .toList();
  }

  private static String constant(String name) {
    return name.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT);
  }

  private static DocumentedAcl of(List<String> cells) {
    boolean prefixed = cells.get(3).endsWith("…");
    String name = cells.get(3).replace("…", "");
    List<String> operations = Arrays.stream(cells.get(4).split(",")).map(String::strip).toList();
    return new DocumentedAcl(cells.get(1), cells.get(2), name, prefixed, operations);
  }
}
