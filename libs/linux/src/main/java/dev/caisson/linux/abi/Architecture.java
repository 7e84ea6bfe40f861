package dev.caisson.linux.abi;

/** The instruction sets whose system call numbers and flags are known here. */
public enum Architecture {
  X86_64,
  AARCH64;

  private static final Architecture CURRENT = of(System.getProperty("os.arch"));

  public static Architecture current() {
    return CURRENT;
  }

  static Architecture of(String name) {
    return switch (name) {
      case "amd64" -> X86_64;
      case "aarch64" -> AARCH64;
      default ->
          throw new UnsupportedOperationException("os.arch must be amd64 or aarch64: " + name);
    };
  }
}
