package dev.caisson.testing;

import dev.caisson.linux.Kernel;

final class FakeTerminalsTest extends TerminalsContract {
  private final FakeKernel fake = new FakeKernel();

  @Override
  Kernel kernel() {
    return fake.kernel();
  }
}
