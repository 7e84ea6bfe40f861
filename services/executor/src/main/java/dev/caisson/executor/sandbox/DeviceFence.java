package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.plan.DeviceList;
import dev.caisson.executor.plan.Paths;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.DevicePrograms;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.proto.types.v1.ContainerSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Which devices containers may use. The most that any may is said once, for the cgroup that all
 * sandboxes are below; only a container that may use less than that has rules of its own.
 */
final class DeviceFence {
  private static final System.Logger LOG = System.getLogger(DeviceFence.class.getName());
  private static final String NAME = "caisson_devices";

  private final Host host;
  private final DevicePrograms programs;
  private final DeviceList most;
  private volatile boolean raised;

  DeviceFence(Host host, DevicePrograms programs, DeviceList most) {
    this.host = host;
    this.programs = programs;
    this.most = most;
  }

  /** Replaces what an earlier life of the executor has said, never leaving a gap. */
  void raise() {
    if (!host.settings().powers().hostsRoot()) {
      return; // who may make no node, and open none that the executor's user may not
    }
    Cgroup parent = host.cgroups().open(host.settings().cgroupParent());
    try {
      parent.birthDirectory().ifPresentOrElse(this::replace, () -> write(parent, most));
      raised = true;
    } catch (LinuxException e) {
      LOG.log(
          System.Logger.Level.ERROR,
          "Devices of containers are not fenced, and rules of their own are refused: {0}",
          e.getMessage());
    }
  }

  private void replace(Path directory) {
    try (Fd cgroup = open(directory)) {
      List<DevicePrograms.Attached> before = programs.attached(cgroup);
      try {
        attach(cgroup, most);
        before.stream()
            .filter(one -> one.name().equals(NAME))
            .forEach(one -> programs.detach(cgroup, one.program()));
      } finally {
        before.forEach(one -> one.program().close());
      }
    }
  }

  /**
   * Holds a container to what it may use. Its cgroup is new.
   *
   * @throws dev.caisson.executor.refusal.RefusedException where this host cannot
   */
  void restrict(Cgroup cgroup, ContainerSpec spec) {
    DeviceList allowed = DeviceList.of(spec);
    boolean outside = !Paths.within(cgroup.path(), host.settings().cgroupParent());
    if (allowed.equals(raised ? most : DeviceList.standard()) && !(raised && outside)) {
      return;
    }
    if (!host.settings().powers().hostsRoot()) {
      return; // recorded as not in force
    }
    if (!raised) {
      throw Refusal.hostLacks(
              "resources.devices",
              "resources.devices needs device programs of cgroups, which this host's kernel refuses"
                  + " to this executor.")
          .exception();
    }
    Optional<Path> directory = cgroup.birthDirectory();
    if (directory.isEmpty()) {
      write(cgroup, allowed);
      return;
    }
    try (Fd target = open(directory.get())) {
      attach(target, allowed);
    }
  }

  private static void write(Cgroup cgroup, DeviceList allowed) {
    cgroup.allowDevices(allowed.lines());
  }

  private Fd open(Path directory) {
    return host.kernel().files().open(directory, OpenFlag.READ_ONLY, OpenFlag.DIRECTORY);
  }

  private void attach(Fd cgroup, DeviceList allowed) {
    try (Fd program = programs.load(allowed.program(), NAME)) {
      programs.attach(cgroup, program);
    }
  }
}
