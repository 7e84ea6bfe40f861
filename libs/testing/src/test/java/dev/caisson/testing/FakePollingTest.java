package dev.caisson.testing;

import dev.caisson.linux.Kernel;

final class FakePollingTest extends PollingContract {
  private final FakeKernel fake = new FakeKernel();

  @Override
  Kernel kernel() {
    return fake.kernel();
  }
}
