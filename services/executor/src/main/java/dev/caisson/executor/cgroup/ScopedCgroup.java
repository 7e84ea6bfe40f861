package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Resources;
import java.nio.file.Path;

/** The cgroup of a sandbox in a scope, whose properties follow its limits. */
final class ScopedCgroup extends MountedCgroup {
  private final Path directory;
  private final ControlFiles files;
  private final Systemd systemd;
  private final String scope;

  /**
   * @param scope the unit
   */
  ScopedCgroup(MountedCgroup own, ControlFiles files, Systemd systemd, String scope) {
    super(own);
    this.directory = own.birthDirectory().orElseThrow();
    this.files = files;
    this.systemd = systemd;
    this.scope = scope;
  }

  @Override
  public void configure(Resources limits) {
    super.configure(limits);
    follow(limits);
  }

  void follow(Resources limits) {
    if (!limits.equals(Resources.getDefaultInstance())) {
      follow();
    }
  }

  private void follow() {
    try {
      systemd.set(
          scope, UnitProperties.ofLimits(file -> files.readIfThere(directory.resolve(file))));
    } catch (SystemdException e) {
      throw SystemdCgroups.failed("set the limits of", scope, e);
    }
  }

  @Override
  void changed() {
    follow();
  }
}
