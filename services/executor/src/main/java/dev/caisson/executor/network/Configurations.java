package dev.caisson.executor.network;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The directory of the host's networks; read anew each time, as other managers do. */
final class Configurations {
  private static final String LIST = ".conflist";
  private static final List<String> SUFFIXES = List.of(LIST, ".conf", ".json");
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_FILES = 256;

  /** Of problems with other files in a message. */
  private static final int MAX_TOLD = 3;

  private final Path directory;

  Configurations(Path directory) {
    this.directory = directory;
  }

  /**
   * The first of this name, in the order of the files' names.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if there is none
   */
  Configuration require(String name) {
    List<String> problems = new ArrayList<>();
    for (Path file : files(name)) {
      Optional<Configuration> found = read(file, problems).filter(one -> one.name().equals(name));
      if (found.isPresent()) {
        return found.get();
      }
    }
    String others = String.join("; ", problems.subList(0, Math.min(problems.size(), MAX_TOLD)));
    throw Failures.failed(
        name,
        "The host has no configuration of a network "
            + name
            + "."
            + (problems.isEmpty() ? "" : " Not read: " + others + "."));
  }

  private List<Path> files(String name) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> SUFFIXES.stream().anyMatch(file.getFileName().toString()::endsWith))
          .sorted()
          .limit(MAX_FILES)
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw Failures.failed(name, "The host's network configurations cannot be listed.");
    }
  }

  private static Optional<Configuration> read(Path file, List<String> problems) {
    Optional<String> problem = Trust.problem(file);
    if (problem.isEmpty()) {
      try {
        return Optional.of(
            Configuration.parse(text(file), file.getFileName().toString().endsWith(LIST)));
      } catch (Json.Malformed e) {
        problem = Optional.of(e.getMessage());
      } catch (IOException e) {
        problem = Optional.of("it cannot be read");
      }
    }
    problems.add(file.getFileName() + ": " + problem.get());
    return Optional.empty();
  }

  private static String text(Path file) throws IOException, Json.Malformed {
    try (InputStream input = Files.newInputStream(file)) {
      byte[] bytes = input.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new Json.Malformed("it is larger than 1 MiB");
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new Json.Malformed("it is not UTF-8");
    }
  }
}
