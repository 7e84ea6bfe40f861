package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.Device;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What is in {@code /dev}: runtime-spec config-linux.md, "Default Devices". */
final class Devices {
  private record Node(String path, int minor) {}

  private record Link(String target, String name) {}

  private static final int MEMORY_MAJOR = 1;
  private static final int TTY_MAJOR = 5;
  private static final int MAX_MODE = 0777;

  /** What mkfifo(1) makes. */
  private static final int FIFO_MODE = 0666;

  /** Major 1. Source: Documentation/admin-guide/devices.txt. */
  private static final List<Node> MEMORY =
      List.of(
          new Node("/dev/zero", 5),
          new Node("/dev/full", 7),
          new Node("/dev/random", 8),
          new Node("/dev/urandom", 9));

  private static final Node NULL = new Node("/dev/null", 3);
  private static final Node TTY = new Node("/dev/tty", 0);

  private static final List<Link> LINKS =
      List.of(
          new Link("pts/ptmx", "ptmx"),
          new Link("/proc/self/fd", "fd"),
          new Link("/proc/self/fd/0", "stdin"),
          new Link("/proc/self/fd/1", "stdout"),
          new Link("/proc/self/fd/2", "stderr"),
          new Link("/proc/kcore", "core"));

  private Devices() {}

  /** Each of them once. */
  static List<Donation.DeviceTree> all() {
    List<Donation.DeviceTree> all = new ArrayList<>();
    all.add(tree(NULL, MEMORY_MAJOR));
    MEMORY.forEach(node -> all.add(tree(node, MEMORY_MAJOR)));
    all.add(tree(TTY, TTY_MAJOR));
    return all;
  }

  private static Donation.DeviceTree tree(Node node, int major) {
    return new Donation.DeviceTree(node.path(), major, node.minor());
  }

  /** A fresh copy of the host's null device, checked to be one. */
  static Donated donateNull(Assembly assembly) {
    return donate(assembly, NULL, MEMORY_MAJOR);
  }

  /** Fills {@code /dev}, a filesystem that nobody else can reach yet. */
  static void fill(Assembly assembly, Targets targets) {
    Slot dev = targets.openDirectory(MountTable.DEV);
    mount(assembly, targets, dev, donateNull(assembly), NULL);
    MEMORY.forEach(
        node -> mount(assembly, targets, dev, donate(assembly, node, MEMORY_MAJOR), node));
    mount(assembly, targets, dev, donate(assembly, TTY, TTY_MAJOR), TTY);
    LINKS.forEach(link -> assembly.add(link(dev, link)));
    assembly.release(dev);
  }

  /** Those that the specification lists: nodes of the host, and FIFOs. */
  static void add(Assembly assembly, Targets targets, List<Device> devices) {
    for (int i = 0; i < devices.size(); i++) {
      Device device = devices.get(i);
      String path = path(i, device);
      assembly.concerns("devices[" + i + "]");
      if (device.getType().equals("p")) {
        makeFifo(assembly, targets, device, path);
      } else if (all().stream().noneMatch(standard -> standard.path().equals(path))) {
        bind(assembly, targets, node(i, device, path), path);
      }
    }
  }

  static void check(List<Device> devices) {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < devices.size(); i++) {
      String field = "devices[" + i + "]";
      Device device = devices.get(i);
      String path = path(i, device);
      require(!path.equals("/"), field + ".path", "not be the root", path);
      require(seen.add(path), field + ".path", "be listed once", path);
      require(
          List.of("c", "u", "b", "p").contains(device.getType()),
          field + ".type",
          "be c, u, b or p",
          device.getType());
      require(
          (device.getFileMode() & ~MAX_MODE) == 0,
          field + ".file_mode",
          "be permission bits",
          Integer.toOctalString(device.getFileMode()));
      if (!device.getType().equals("p")) {
        checkNode(field, device, path);
      }
    }
  }

  private static void checkNode(String field, Device device, String path) {
    requireNumber(field + ".major", device.getMajor(), DeviceList.MAX_MAJOR);
    requireNumber(field + ".minor", device.getMinor(), DeviceList.MAX_MINOR);
    all().stream()
        .filter(standard -> standard.path().equals(path))
        .forEach(standard ->
            require(
                !device.getType().equals("b")
                    && device.getMajor() == standard.major()
                    && device.getMinor() == standard.minor(),
                field,
                "be the device of its name",
                path));
  }

  private static void requireNumber(String field, long number, int most) {
    require(number >= 0 && number <= most, field, "be 0 to " + most, number);
  }

  private static void require(boolean holds, String field, String rule, Object value) {
    if (!holds) {
      throw Refusal.invalid(field, rule, value).exception();
    }
  }

  private static String path(int index, Device device) {
    return Paths.clean("devices[" + index + "].path", device.getPath());
  }

  private static Donation.HostDevice node(int index, Device device, String path) {
    return new Donation.HostDevice(
        index,
        path,
        device.getType().equals("b"),
        (int) device.getMajor(),
        (int) device.getMinor());
  }

  private static void bind(
      Assembly assembly, Targets targets, Donation.HostDevice node, String path) {
    Donated tree = assembly.donate(node);
    targets.makeFile(path);
    Slot target = targets.openAny(path);
    assembly.add(new MountStep.Attach(tree, target, tree.name(), path));
    assembly.release(target);
  }

  private static void makeFifo(Assembly assembly, Targets targets, Device device, String path) {
    String parent = Paths.parent(path);
    targets.makeDirectories(parent);
    Slot directory = targets.openDirectory(parent);
    int mode = device.hasFileMode() ? device.getFileMode() : FIFO_MODE;
    // Its mode is the specification's, whatever mask the process was born with.
    assembly.add(new ProcessStep.SetUmask(0));
    assembly.add(new FileStep.MakeFifo(directory, Paths.name(path), mode, path));
    assembly.add(new ProcessStep.SetUmask(ProcessTail.DEFAULT_UMASK));
    assembly.add(
        new FileStep.Own(directory, Paths.name(path), device.getUid(), device.getGid(), path));
    assembly.release(directory);
  }

  private static Donated donate(Assembly assembly, Node node, int major) {
    return assembly.donate(tree(node, major));
  }

  private static void mount(Assembly assembly, Targets targets, Slot dev, Donated tree, Node node) {
    // A mount of the specification may have made it.
    assembly.add(
        new FileStep.MakeFile(dev, Paths.name(node.path()), node.path())
            .tolerating(Tolerable.EEXIST));
    Slot target = targets.openAny(node.path());
    assembly.add(new MountStep.Attach(tree, target, tree.name(), node.path()));
    assembly.release(target);
  }

  private static Step link(Slot dev, Link link) {
    return new FileStep.Symlink(link.target(), dev, link.name(), MountTable.DEV + "/" + link.name())
        .tolerating(Tolerable.EEXIST);
  }
}
