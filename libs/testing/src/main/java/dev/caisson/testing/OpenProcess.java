package dev.caisson.testing;

import dev.caisson.linux.FileType;

/** What a pidfd refers to. */
final class OpenProcess extends OpenFile {
  private final FakeProcess process;

  OpenProcess(FakeProcess process) {
    this.process = process;
  }

  FakeProcess process() {
    return process;
  }

  @Override
  FileType type() {
    return FileType.ANONYMOUS;
  }

  @Override
  boolean isReadable() {
    return process.hasEnded();
  }

  @Override
  boolean isHungUp() {
    return process.isReaped();
  }
}
