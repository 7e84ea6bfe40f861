package dev.caisson.auditor.trail;

import dev.caisson.model.NodeKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A file `‹node›.pem` for each node, with one public key or more. Read anew each time, so that an
 * enrolment holds at once. What cannot be read makes no signature good.
 */
public final class EnrolmentDirectory implements Enrolment {
  private static final System.Logger LOG = System.getLogger(EnrolmentDirectory.class.getName());
  private static final String SUFFIX = ".pem";
  private static final long MAX_BYTES = 64 << 10;

  private final Path directory;

  public EnrolmentDirectory(Path directory) {
    this.directory = directory;
  }

  @Override
  public Optional<List<NodeKey>> keys(String node) {
    try {
      List<Path> files = files();
      return files.isEmpty() ? Optional.empty() : Optional.of(of(node, files));
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "Failed to read the keys of nodes: {0}", e);
      return Optional.of(List.of());
    }
  }

  @Override
  public SortedMap<String, Instant> nodes() {
    SortedMap<String, Instant> nodes = new TreeMap<>();
    try {
      for (Path file : files()) {
        String name = nameOf(file);
        nodes.put(
            name.substring(0, name.length() - SUFFIX.length()),
            Files.getLastModifiedTime(file).toInstant());
      }
    } catch (NoSuchFileException _) {
      return nodes;
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "Failed to read which nodes are enrolled: {0}", e);
    }
    return nodes;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> nameOf(file).endsWith(SUFFIX)).toList();
    }
  }

  // Compared, and never made a path of: whoever writes to the topic chooses the name.
  private static List<NodeKey> of(String node, List<Path> files) throws IOException {
    for (Path file : files) {
      if (nameOf(file).equals(node + SUFFIX)) {
        return read(file);
      }
    }
    return List.of();
  }

  private static List<NodeKey> read(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " must have at most " + MAX_BYTES + " bytes");
    }
    try {
      return NodeKey.parse(Files.readString(file, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " must hold Ed25519 public keys in PEM: " + e.getMessage(), e);
    }
  }

  private static String nameOf(Path file) {
    return String.valueOf(file.getFileName());
  }
}
