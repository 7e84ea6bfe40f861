package dev.caisson.linux;

import java.util.ArrayList;
import java.util.List;

/** Descriptors that nobody can close for a while. */
record Held(List<Fd> descriptors) implements AutoCloseable {
  static Held of(List<Fd> descriptors) {
    List<Fd> held = new ArrayList<>();
    try {
      for (Fd fd : descriptors) {
        fd.acquire();
        held.add(fd);
      }
      return new Held(held);
    } catch (RuntimeException e) {
      held.forEach(Fd::release);
      throw e;
    }
  }

  int[] numbers() {
    return descriptors.stream().mapToInt(Fd::heldNumber).toArray();
  }

  @Override
  public void close() {
    descriptors.forEach(Fd::release);
  }
}
