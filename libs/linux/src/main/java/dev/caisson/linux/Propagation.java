package dev.caisson.linux;

/** Whether mounts below a mount are seen elsewhere, mount_namespaces(7); linux/mount.h. */
public enum Propagation {
  UNBINDABLE(1 << 17),
  PRIVATE(1 << 18),
  SLAVE(1 << 19),
  SHARED(1 << 20);

  private final int bits;

  Propagation(int bits) {
    this.bits = bits;
  }

  int bits() {
    return bits;
  }
}
