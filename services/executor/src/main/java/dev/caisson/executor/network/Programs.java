package dev.caisson.executor.network;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The plugins that the host has. */
final class Programs {
  private final List<Path> directories;

  Programs(List<Path> directories) {
    this.directories = List.copyOf(directories);
  }

  /** As {@code CNI_PATH} has it. */
  String path() {
    return directories.stream().map(Path::toString).collect(Collectors.joining(":"));
  }

  /**
   * The file of a plugin, which nobody but root can have put there.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if there is none
   */
  Path require(String network, String type) {
    Path program =
        directories.stream()
            .map(directory -> directory.resolve(type))
            .filter(Files::isExecutable)
            .findFirst()
            .orElseThrow(() ->
                Failures.failed(
                    network,
                    "The host has no network plugin "
                        + type
                        + "; Debian's are in the package containernetworking-plugins."));
    Optional<String> problem = Trust.problem(program);
    if (problem.isPresent()) {
      throw Failures.failed(
          network, "The network plugin " + type + " is not run: " + problem.get() + ".");
    }
    return program;
  }
}
