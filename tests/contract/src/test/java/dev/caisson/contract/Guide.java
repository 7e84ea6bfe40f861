package dev.caisson.contract;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The code of docs/consuming-events.md, as it stands there. */
final class Guide {

  private static final Path TEXT = Path.of("../../docs/consuming-events.md");

  private Guide() {}

  /** The one block of this language. */
  static String code(String language) throws IOException {
    List<String> blocks =
        Pattern.compile("(?ms)^```" + language + "\\n(.*?)^```$")
            .matcher(Files.readString(TEXT))
            .results()
            .map(block -> block.group(1))
            .toList();
    if (blocks.size() != 1) {
      throw new AssertionError(TEXT + " must have one block of " + language + ": " + blocks.size());
    }
    return blocks.getFirst();
  }

  static Path write(String language, Path file) throws IOException {
    return Files.writeString(file, code(language));
  }
}
