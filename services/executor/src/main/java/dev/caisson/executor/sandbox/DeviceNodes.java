package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.Donation;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Resolve;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Copies of the mounts of device nodes, each for one container. Those that every container has are
 * opened and checked once, and some copies of them lie ready.
 *
 * <p>Thread-safe.
 */
final class DeviceNodes implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(DeviceNodes.class.getName());
  private static final Path DEVICES = Path.of("/dev");

  /** Copies of a device that lie ready: a container takes two of the null device. */
  private static final int READY = 4;

  /** A node that was checked, and copies of its mount that nobody has yet. */
  private record Device(Fd node, Queue<Fd> ready) implements AutoCloseable {
    @Override
    public void close() {
      ready.forEach(Fd::close);
      node.close();
    }
  }

  private final Kernel kernel;
  private final Map<Donation.DeviceTree, Device> devices = new ConcurrentHashMap<>();

  DeviceNodes(Kernel kernel) {
    this.kernel = kernel;
  }

  /** The receiver closes it. */
  Fd copy(Donation.DeviceTree device) {
    Device known = known(device);
    Fd ready = known.ready().poll();
    return ready == null ? copy(device, known) : ready;
  }

  /**
   * Of a node that is somewhere below {@code /dev}: not kept, since few ask for it. The receiver
   * closes it.
   */
  Fd copy(Donation.HostDevice device) {
    try (Fd node = new HostDevices(kernel).open(device)) {
      return copy(node, device.attributes());
    }
  }

  /**
   * Opens the devices that every container has; one that is missing is missed when it is asked for.
   */
  void open() {
    for (Donation.DeviceTree device : ContainerPlan.devices()) {
      try {
        var _ = known(device);
      } catch (LinuxException e) {
        LOG.log(System.Logger.Level.WARNING, "Containers will lack a device: {0}", e.getMessage());
      }
    }
  }

  /** Makes copies in advance: when nobody is waiting. */
  void stock() {
    for (Donation.DeviceTree device : ContainerPlan.devices()) {
      Device known = known(device);
      while (known.ready().size() < READY) {
        known.ready().add(copy(device, known));
      }
    }
  }

  private Device known(Donation.DeviceTree device) {
    return devices.computeIfAbsent(
        device, wanted -> new Device(node(wanted), new ConcurrentLinkedQueue<>()));
  }

  private Fd copy(Donation.DeviceTree device, Device known) {
    return copy(known.node(), device.attributes());
  }

  private Fd copy(Fd node, dev.caisson.executor.plan.MountAttributes attributes) {
    Fd tree = kernel.mounts().cloneTree(node, false);
    try {
      kernel.mounts().setAttributes(tree, Attributes.of(attributes), false);
      return tree;
    } catch (RuntimeException e) {
      tree.close();
      throw e;
    }
  }

  /** Its type and number are checked, once: the descriptor stays the node's. */
  private Fd node(Donation.DeviceTree device) {
    Path path = Path.of(device.path());
    String name = DEVICES.relativize(path).toString();
    try (Fd directory = kernel.files().open(DEVICES, OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      Fd node =
          kernel
              .files()
              .openIn(
                  directory, name, EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS), OpenFlag.PATH);
      try {
        requireDevice(device, path, kernel.files().status(node));
        return node;
      } catch (RuntimeException e) {
        node.close();
        throw e;
      }
    }
  }

  private static void requireDevice(Donation.DeviceTree device, Path path, FileStatus status) {
    if (status.type() != FileType.CHARACTER_DEVICE
        || status.rdevMajor() != device.major()
        || status.rdevMinor() != device.minor()) {
      throw new LinuxException("trust", path + ": it is not the device of that name", Errno.ENODEV);
    }
  }

  @Override
  public void close() {
    devices.values().forEach(Device::close);
    devices.clear();
  }
}
