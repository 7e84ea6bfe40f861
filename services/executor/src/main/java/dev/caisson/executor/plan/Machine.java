package dev.caisson.executor.plan;

/** An architecture that programs are encoded for: {@code e_machine} of elf(5). */
public enum Machine {
  X86_64(62),
  AARCH64(183);

  private final int elf;

  Machine(int elf) {
    this.elf = elf;
  }

  int elf() {
    return elf;
  }

  /** {@code name} as {@code uname -m} and the system property {@code os.arch} give it. */
  public static Machine named(String name) {
    return switch (name) {
      case "x86_64", "amd64" -> X86_64;
      case "aarch64", "arm64" -> AARCH64;
      default -> throw new IllegalArgumentException("machine must be x86_64 or aarch64: " + name);
    };
  }
}
