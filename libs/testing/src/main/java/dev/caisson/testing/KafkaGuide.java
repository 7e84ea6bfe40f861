package dev.caisson.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The settings that docs/kafka.md shows, as they stand there. */
public final class KafkaGuide {
  private static final Path DOCUMENT = Path.of("..", "..", "docs", "kafka.md");

  private KafkaGuide() {}

  /**
   * Settings of clients.
   *
   * @param heading what they stand below
   * @param directory in the place of /etc/caisson
   */
  public static String settings(String heading, Path directory) throws IOException {
    return blocks(heading).getFirst().replace("/etc/caisson", directory.toString());
  }

  /** The login of a user with this password, a secret. */
  public static String login(String user, String password) throws IOException {
    return blocks("TLS and a password")
        .getLast()
        .replace("caisson-gateway", user)
        .replace("…", password);
  }

  private static List<String> blocks(String heading) throws IOException {
    String section =
        Pattern.compile("(?ms)^### " + Pattern.quote(heading) + "\\n(.*?)^##")
            .matcher(Files.readString(DOCUMENT))
            .results()
            .map(found -> found.group(1))
            .findFirst()
            .orElseThrow(() -> new AssertionError(DOCUMENT + " has no heading: " + heading));
    return Pattern.compile("(?ms)^```\\n(.*?)^```$")
        .matcher(section)
        .results()
        .map(block -> block.group(1))
        .toList();
  }
}
