package dev.caisson.testing;

import dev.caisson.linux.Kernel;

final class FakeProcessesTest extends ProcessesContract {
  private final FakeKernel fake = new FakeKernel();

  @Override
  Kernel kernel() {
    return fake.kernel();
  }
}
