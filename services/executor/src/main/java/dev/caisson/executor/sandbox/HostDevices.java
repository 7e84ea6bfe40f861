package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Donation.HostDevice;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Resolve;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Finds the host's nodes of devices: a device is its type and its numbers, never its name. */
record HostDevices(Kernel kernel) {
  private static final Path DIRECTORY = Path.of("/dev");
  private static final Path BY_NUMBER = Path.of("/sys/dev");
  private static final String NAME = "DEVNAME=";
  private static final Set<Resolve> PLAIN = EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS);

  /**
   * The node, checked on the descriptor.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if the host has none
   */
  Fd open(HostDevice device) {
    return names(device).stream()
        .flatMap(name -> open(name, device).stream())
        .findFirst()
        .orElseThrow(() ->
            Refusal.invalid("devices", "be devices that this host has", shown(device)).exception());
  }

  /** Below {@code /dev}: the name that is asked for, and the one that the kernel has given it. */
  private static List<Path> names(HostDevice device) {
    Path asked = Path.of(device.path());
    Stream<Path> same =
        asked.startsWith(DIRECTORY) ? Stream.of(DIRECTORY.relativize(asked)) : Stream.of();
    return Stream.concat(same, named(device).stream()).toList();
  }

  private static Optional<Path> named(HostDevice device) {
    Path file =
        BY_NUMBER
            .resolve(device.block() ? "block" : "char")
            .resolve(device.major() + ":" + device.minor())
            .resolve("uevent");
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(NAME))
          .map(line -> Path.of(line.substring(NAME.length())))
          .findFirst();
    } catch (IOException e) {
      return Optional.empty(); // no such device
    }
  }

  private Optional<Fd> open(Path name, HostDevice device) {
    try (Fd directory = kernel.files().open(DIRECTORY, OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      Fd node = kernel.files().openIn(directory, name.toString(), PLAIN, OpenFlag.PATH);
      if (isDevice(kernel.files().status(node), device)) {
        return Optional.of(node);
      }
      node.close();
      return Optional.empty();
    } catch (LinuxException e) {
      return Optional.empty(); // no such name, or a link
    }
  }

  private static boolean isDevice(FileStatus status, HostDevice device) {
    FileType type = device.block() ? FileType.BLOCK_DEVICE : FileType.CHARACTER_DEVICE;
    return status.type() == type
        && status.rdevMajor() == device.major()
        && status.rdevMinor() == device.minor();
  }

  private static String shown(HostDevice device) {
    return (device.block() ? "b " : "c ") + device.major() + ":" + device.minor();
  }
}
