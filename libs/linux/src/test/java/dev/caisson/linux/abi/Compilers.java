package dev.caisson.linux.abi;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** The C compiler for each architecture: this machine's own, or Debian's cross compiler. */
public final class Compilers {
  private Compilers() {}

  /** Skips the test, and says so, where the compiler is not installed. */
  public static String of(Architecture architecture) {
    String compiler =
        architecture == Architecture.current()
            ? "gcc"
            : switch (architecture) {
              case X86_64 -> "x86_64-linux-gnu-gcc";
              case AARCH64 -> "aarch64-linux-gnu-gcc";
            };
    assumeTrue(HeaderFacts.isInstalled(compiler), "not installed: " + compiler);
    return compiler;
  }
}
