package dev.caisson.oci;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Where the document's relative paths start. Paths are made absolute by their text alone. */
record Bundle(Optional<Path> path) {
  static Bundle of(String text) {
    if (text.isEmpty()) {
      return new Bundle(Optional.empty());
    }
    Path path = parse("bundle", text);
    if (!path.isAbsolute()) {
      throw OciException.invalid("bundle", "be an absolute path", text);
    }
    return new Bundle(Optional.of(path.normalize()));
  }

  /** The path, absolute and without {@code .} and {@code ..}. */
  String resolve(String field, String text) {
    Path given = parse(field, text);
    if (given.isAbsolute()) {
      return given.normalize().toString();
    }
    return path.orElseThrow(
            () -> OciException.invalid(field, "be absolute when no bundle is given", text))
        .resolve(given)
        .normalize()
        .toString();
  }

  private static Path parse(String field, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException failure) {
      throw OciException.invalid(field, "be a path", text);
    }
  }
}
