package dev.caisson.testing;

import dev.caisson.linux.Kernel;
import java.nio.file.Path;

final class FakeSocketsTest extends SocketsContract {
  private final FakeKernel fake = new FakeKernel();

  @Override
  Kernel kernel() {
    return fake.kernel();
  }

  @Override
  Path directory() {
    fake.addDirectory(Path.of("/work"));
    return Path.of("/work");
  }
}
