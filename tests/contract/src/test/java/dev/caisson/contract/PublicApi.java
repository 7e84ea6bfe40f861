package dev.caisson.contract;

import com.google.protobuf.Descriptors.FileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The descriptors of every proto that somebody outside may build upon. */
final class PublicApi {

  static final Path PROTO = Path.of("../../proto");

  /** Between gateway and executor of one version: docs say nowhere that versions may mix. */
  private static final String INTERNAL = "executor-api";

  private static final Pattern OPTION =
      Pattern.compile("option (java_package|java_outer_classname) = \"(.+)\";");

  private PublicApi() {}

  static List<FileDescriptor> files() throws IOException {
    return sources().stream().map(PublicApi::descriptor).toList();
  }

  static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(PROTO)) {
      return files
          .filter(file -> file.toString().endsWith(".proto"))
          .filter(file -> !file.startsWith(PROTO.resolve(INTERNAL)))
          .filter(file -> !file.toString().contains("/target/"))
          .sorted()
          .toList();
    }
  }

  private static FileDescriptor descriptor(Path source) {
    try {
      String text = Files.readString(source);
      String name = option(text, "java_package") + "." + option(text, "java_outer_classname");
      return (FileDescriptor) Class.forName(name).getMethod("getDescriptor").invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(source + " must be of a module that tests/contract depends on", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String option(String text, String name) {
    Matcher option = OPTION.matcher(text);
    while (option.find()) {
      if (option.group(1).equals(name)) {
        return option.group(2);
      }
    }
    throw new AssertionError("a proto must have the option " + name);
  }
}
