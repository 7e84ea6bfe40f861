package dev.caisson.cli;

import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.Logs;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether a container's output is kept in files. */
final class LogOptions {
  @Option(
      names = "--logs",
      description = "Also write what it puts out to files, for `caisson logs ID`.")
  private boolean logs;

  @Option(
      names = "--log-max-size",
      paramLabel = "SIZE",
      converter = Quantity.LogBytes.class,
      description = "Of one such file, 64k to 1g (default: 10m); implies --logs.")
  private @Nullable Long maxBytes;

  @Option(
      names = "--log-max-files",
      paramLabel = "N",
      description =
          "How many there are, 2 to 100; then the oldest goes (default: 5); implies --logs.")
  private @Nullable Integer maxFiles;

  void apply(CreateContainerRequest.Builder request) {
    if (maxFiles != null && maxFiles <= 0) {
      throw CliException.usage("--log-max-files must be 2 to 100: " + maxFiles);
    }
    if (logs || maxBytes != null || maxFiles != null) {
      request.setLogs(
          Logs.newBuilder()
              .setMaxBytes(maxBytes == null ? 0 : maxBytes)
              .setMaxFiles(maxFiles == null ? 0 : maxFiles));
    }
  }
}
