package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.nio.file.Path;
import java.util.List;

/**
 * The list of devices of a cgroup of version 1: the kernel's
 * Documentation/admin-guide/cgroup-v1/devices.rst.
 */
record V1Devices(Path directory, ControlFiles files) {
  private static final String EVERYTHING = "a *:* rwm";

  /** Changes no more than is different: a cgroup with children cannot begin anew. */
  void allow(List<String> allowed) {
    List<String> now = read().lines().toList();
    if (now.contains(EVERYTHING)) {
      write("devices.deny", "a");
    }
    now.stream()
        .filter(line -> !line.equals(EVERYTHING) && !allowed.contains(line))
        .forEach(line -> write("devices.deny", line));
    allowed.stream()
        .filter(line -> !now.contains(line))
        .forEach(line -> write("devices.allow", line));
  }

  private String read() {
    Path file = directory.resolve("devices.list");
    try {
      return files.read(file);
    } catch (LinuxException e) {
      throw new CgroupException("read", file, e);
    }
  }

  private void write(String name, String line) {
    Path file = directory.resolve(name);
    try {
      files.write(file, line);
    } catch (LinuxException e) {
      throw new CgroupException("write " + line + " to", file, e);
    }
  }
}
