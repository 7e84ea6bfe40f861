package dev.caisson.executor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A change of the executor's source that takes a defence away. It exists only here: it is applied
 * to a copy, which is compiled for the one test.
 */
record Weakening(List<Edit> edits) {
  /** One place in one file, whose text must be there exactly once. */
  record Edit(Path source, String text, String replacement) {
    String applied(String content) {
      assertThat(content.split(java.util.regex.Pattern.quote(text), -1))
          .as("the defence must be where its weakening says, once: %s in %s", text, source)
          .hasSize(2);
      return content.replace(text, replacement);
    }
  }

  static Weakening none() {
    return new Weakening(List.of());
  }

  /** The same, with a further edit of a class of the executor, {@code plan/Targets}. */
  Weakening inJava(String name, String text, String replacement) {
    return with(Path.of("src/main/java/dev/caisson/executor", name + ".java"), text, replacement);
  }

  /** The same, with a further edit of a file of caisson-init. */
  Weakening inC(String name, String text, String replacement) {
    return with(Path.of("src/main/c", name), text, replacement);
  }

  private Weakening with(Path source, String text, String replacement) {
    List<Edit> all = new ArrayList<>(edits);
    all.add(new Edit(source, text, replacement));
    return new Weakening(List.copyOf(all));
  }

  /** A name of a directory: the same for the same edits. */
  String id() {
    return UUID.nameUUIDFromBytes(toString().getBytes(UTF_8)).toString();
  }

  boolean isOfC() {
    return edits.stream().anyMatch(edit -> edit.source().startsWith("src/main/c"));
  }

  /** The changed copy of each file that is changed, below the directory. */
  List<Path> write(Path directory) throws IOException {
    List<Path> written = new ArrayList<>();
    for (Edit edit : edits) {
      Path copy = directory.resolve(edit.source());
      Files.createDirectories(copy.getParent());
      String content = Files.readString(Files.exists(copy) ? copy : edit.source());
      Files.writeString(copy, edit.applied(content));
      written.remove(copy);
      written.add(copy);
    }
    return written;
  }
}
