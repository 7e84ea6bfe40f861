package dev.caisson.executor.cgroup;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Who makes the cgroups of sandboxes. */
public enum CgroupDriver {
  /** The executor, in the trees that the kernel mounts. */
  CGROUPFS("/caisson"),
  /** systemd makes a scope for each sandbox; what lies in it is the executor's. */
  SYSTEMD("/caisson.slice");

  private final String usualParent;

  CgroupDriver(String usualParent) {
    this.usualParent = usualParent;
  }

  /** {@code cgroupfs} or {@code systemd}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<CgroupDriver> named(String text) {
    return Arrays.stream(values()).filter(driver -> driver.text().equals(text)).findFirst();
  }

  /** Under which all sandboxes lie, unless the owner says otherwise: absolute in the trees. */
  public String usualParent() {
    return usualParent;
  }
}
