package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.plan.PlannedMount.Bind;
import dev.caisson.executor.plan.PlannedMount.Cgroups;
import dev.caisson.executor.plan.PlannedMount.CopiedUp;
import dev.caisson.executor.plan.PlannedMount.Fresh;
import dev.caisson.executor.plan.PlannedMount.Volume;
import dev.caisson.proto.types.v1.Namespace;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Mounts the mounts of a container beneath its root. */
final class Mounting {
  private final Assembly assembly;
  private final Targets targets;
  private final CgroupFacts cgroup;
  private final boolean ownCgroup;
  private final Set<Namespace.Type> foreign;
  private int binds;

  /**
   * @param ownCgroup whether the container has a cgroup namespace of its own
   */
  Mounting(
      Assembly assembly,
      Targets targets,
      CgroupFacts cgroup,
      boolean ownCgroup,
      Set<Namespace.Type> foreign) {
    this.assembly = assembly;
    this.targets = targets;
    this.cgroup = cgroup;
    this.ownCgroup = ownCgroup;
    this.foreign = foreign;
  }

  void mount(PlannedMount mount) {
    switch (mount) {
      case Fresh fresh when shows(fresh, "sysfs", Namespace.Type.NETWORK) ->
          mountSysfs(fresh.destination());
      case Fresh fresh when shows(fresh, "mqueue", Namespace.Type.IPC) ->
          mountQueues(fresh.filesystem());
      case Fresh fresh -> mountFresh(fresh.filesystem());
      case CopiedUp copied -> mountCopied(copied);
      case Bind bind -> mountBind(bind);
      case Volume volume -> mountVolume(volume);
      case Cgroups cgroups -> mountCgroups(cgroups);
    }
  }

  /** Whether it is of that type, which shows a namespace that is somebody else's. */
  private boolean shows(Fresh fresh, String type, Namespace.Type shown) {
    return foreign.contains(shown) && fresh.filesystem().type().equals(type);
  }

  /** Mounts a filesystem on a directory, which is made where missing. */
  void mountFresh(NewFilesystem filesystem) {
    targets.makeDirectories(filesystem.on());
    Slot mount = filesystem.make(assembly);
    Slot target = targets.openDirectory(filesystem.on());
    attach(mount, target, filesystem.type(), filesystem.on());
    targets.mounted(filesystem.on());
    assembly.release(target);
    assembly.release(mount);
  }

  /** A copy of the sandbox's, which is read-only. */
  private void mountSysfs(String on) {
    targets.makeDirectories(on);
    Slot sysfs = assembly.openTrusted("/sys", Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    Slot copy = assembly.fill(slot -> new MountStep.CloneTree(sysfs, false, on, slot));
    Slot target = targets.openDirectory(on);
    attach(copy, target, "sysfs", on);
    targets.mounted(on);
    assembly.release(target);
    assembly.release(copy);
    assembly.release(sysfs);
  }

  /** The executor has made it, since the sandbox may not. */
  private void mountQueues(NewFilesystem mqueue) {
    mountDonated(new Donation.Queues(mqueue.attributes()), "mqueue", mqueue.on());
  }

  private void mountDonated(Donation donation, String type, String on) {
    targets.makeDirectories(on);
    Donated tree = assembly.donate(donation);
    Slot target = targets.openDirectory(on);
    attach(tree, target, type, on);
    targets.mounted(on);
    assembly.release(target);
  }

  /**
   * A program cannot copy, but what it shows can be the same: what is there lies below, what is
   * written goes into the filesystem above.
   */
  private void mountCopied(CopiedUp copied) {
    NewFilesystem tmpfs = copied.filesystem();
    String on = tmpfs.on();
    targets.makeDirectories(on);
    Slot target = targets.openDirectory(on);
    Slot lower = assembly.fill(slot -> new MountStep.CloneTree(target, false, on, slot));
    Slot upper = tmpfs.with(Overlay.SAFE).make(assembly);
    Slot overlay = new Overlay(assembly, on).make(lower, upper, copied.top(), tmpfs.attributes());
    attach(overlay, target, "overlay", on);
    targets.mounted(on);
    List.of(overlay, upper, lower, target).forEach(assembly::release);
  }

  private void mountBind(Bind bind) {
    Donated tree =
        assembly.donate(
            new Donation.BindTree(
                binds++, bind.source(), bind.recursive(), bind.attributes(), bind.idMap()));
    if (bind.file()) {
      targets.makeFile(bind.destination());
    } else {
      targets.makeDirectories(bind.destination());
    }
    Slot target =
        bind.file()
            ? targets.openAny(bind.destination())
            : targets.openDirectory(bind.destination());
    attach(tree, target, tree.name(), bind.destination());
    targets.mounted(bind.file() ? Paths.parent(bind.destination()) : bind.destination());
    assembly.release(target);
  }

  /** The sandbox's own, below {@code /etc}, except where the specification mounts something. */
  void mountNames(List<PlannedMount> table, Collection<String> names) {
    for (String name : names) {
      String on = "/etc/" + name;
      if (table.stream().noneMatch(mount -> Paths.within(on, mount.destination()))) {
        mountName(new Donation.NameFile(name), on);
      }
    }
  }

  private void mountName(Donation.NameFile file, String on) {
    Donated tree = assembly.donate(file);
    targets.makeFile(on);
    Slot target = targets.openAny(on);
    attach(tree, target, tree.name(), on);
    targets.mounted(Paths.parent(on));
    assembly.release(target);
  }

  /** A copy of the sandbox's mount, which may do less. */
  private void mountVolume(Volume volume) {
    String on = volume.destination();
    targets.makeDirectories(on);
    Slot kept =
        assembly.openTrusted(
            Volumes.path(volume.name()), Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    Slot source = volume.directory().equals("/") ? kept : within(kept, volume.directory());
    Slot copy = assembly.fill(slot -> new MountStep.CloneTree(source, false, on, slot));
    assembly.add(new MountStep.Restrict(copy, volume.attributes(), on));
    Slot target = targets.openDirectory(on);
    attach(copy, target, "volume " + volume.name(), on);
    targets.mounted(on);
    List.of(target, copy, source).forEach(assembly::release);
  }

  /** A directory of a volume, made where missing, in place of the whole. */
  private Slot within(Slot volume, String directory) {
    Targets inside = Targets.ofVolume(assembly, volume);
    assembly.add(new ProcessStep.SetUmask(0));
    inside.makeDirectories(directory);
    assembly.add(new ProcessStep.SetUmask(ProcessTail.DEFAULT_UMASK));
    Slot found = inside.openDirectory(directory);
    assembly.release(volume);
    return found;
  }

  private void attach(Descriptor tree, Descriptor target, String what, String on) {
    assembly.add(new MountStep.Attach(tree, target, what, on));
  }

  private void mountCgroups(Cgroups cgroups) {
    if (cgroup.v1().isEmpty()) {
      mountFresh(cgroup2(cgroups.attributes(), cgroups.destination()));
    } else {
      mountHierarchies(cgroups);
    }
  }

  /** As version 1 is always laid out: a directory for each hierarchy, in a small filesystem. */
  private void mountHierarchies(Cgroups cgroups) {
    String top = cgroups.destination();
    List<Flag> writable = new ArrayList<>(cgroups.attributes());
    boolean readonly = writable.remove(Flag.MOUNT_ATTR_RDONLY);
    mountFresh(new NewFilesystem("tmpfs", List.of(MountOption.parse("mode=755")), writable, top));
    cgroup.v1().forEach(hierarchy -> mountHierarchy(hierarchy, top, cgroups.attributes()));
    if (cgroup.v2()) {
      mountUnified(cgroups.attributes(), top + "/unified");
    }
    if (readonly) {
      makeReadonly(top);
    }
  }

  private void mountHierarchy(String hierarchy, String top, List<Flag> attributes) {
    String directory = top + "/" + hierarchy.replace("name=", "");
    if (ownCgroup) {
      mountDonated(new Donation.CgroupTree(hierarchy, attributes), "cgroup", directory);
    } else {
      mountFresh(new NewFilesystem("cgroup", hierarchyOptions(hierarchy), attributes, directory));
    }
  }

  private void mountUnified(List<Flag> attributes, String on) {
    if (ownCgroup) {
      var tree = new Donation.CgroupTree(Donation.CgroupEntry.UNIFIED, attributes);
      mountDonated(tree, "cgroup2", on);
    } else {
      mountFresh(cgroup2(attributes, on));
    }
  }

  private static List<MountOption> hierarchyOptions(String hierarchy) {
    MountOption none = new MountOption("none", Optional.empty());
    return hierarchy.startsWith("name=")
        ? List.of(none, MountOption.parse(hierarchy))
        : List.of(hierarchy.split(",", -1)).stream().map(MountOption::parse).toList();
  }

  private static NewFilesystem cgroup2(List<Flag> attributes, String on) {
    return new NewFilesystem("cgroup2", List.of(), attributes, on);
  }

  private void makeReadonly(String path) {
    Slot mount = targets.openDirectory(path);
    assembly.add(new MountStep.MakeReadonly(mount, false, path));
    assembly.release(mount);
  }
}
