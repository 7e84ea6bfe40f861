package dev.caisson.executor.cgroup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Plain access to a cgroup filesystem; a test has one that answers as a kernel would, and fails on
 * demand.
 */
class ControlFiles {
  void makeDirectory(Path directory) throws IOException {
    Files.createDirectory(directory);
  }

  void removeDirectory(Path directory) throws IOException {
    Files.delete(directory);
  }

  boolean exists(Path path) {
    return Files.exists(path);
  }

  String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8).strip();
  }

  /** In one write(2), as control files want it; never creates a file. */
  void write(Path file, String value) throws IOException {
    Files.write(file, value.getBytes(StandardCharsets.UTF_8), StandardOpenOption.WRITE);
  }

  void give(Path file, Owner owner) throws IOException {
    Files.setAttribute(file, "unix:uid", owner.uid());
    Files.setAttribute(file, "unix:gid", owner.gid());
  }

  List<Path> childDirectories(Path directory) throws IOException {
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, Files::isDirectory)) {
      entries.forEach(children::add);
    }
    return children;
  }
}
