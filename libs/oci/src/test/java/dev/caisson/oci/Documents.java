package dev.caisson.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.assertj.core.api.Assertions;

/** Documents for the tests: as engines wrote them, and small ones. */
final class Documents {
  private Documents() {}

  /** {@code runc}, {@code runc-rootless}, {@code docker}. */
  static byte[] of(String engine) {
    try (InputStream stream = Documents.class.getResourceAsStream(engine + ".json")) {
      return stream.readAllBytes();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** The smallest sound document, with more top-level fields: {@code ,"hostname":"h"}. */
  static String with(String more) {
    return """
    {"ociVersion":"1.2.0","process":{"args":["true"],"cwd":"/"},"root":{"path":"/r"}%s}\
    """
        .formatted(more);
  }

  static String withLinux(String fields) {
    return with(",\"linux\":{" + fields + "}");
  }

  static String withProcess(String fields) {
    return """
    {"ociVersion":"1.2.0","process":{"args":["true"],"cwd":"/",%s},"root":{"path":"/r"}}\
    """
        .formatted(fields);
  }

  static Converted convert(String json) {
    return OciSpec.convert(json.getBytes(StandardCharsets.UTF_8), "/bundle");
  }

  static OciException refused(String json) {
    return Assertions.catchThrowableOfType(OciException.class, () -> convert(json));
  }
}
