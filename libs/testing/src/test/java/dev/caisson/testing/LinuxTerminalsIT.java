package dev.caisson.testing;

import dev.caisson.linux.Kernel;

/** The kernel itself keeps the contract that its fake keeps. */
final class LinuxTerminalsIT extends TerminalsContract {
  private static final Kernel KERNEL = Kernel.open();

  @Override
  Kernel kernel() {
    return KERNEL;
  }
}
