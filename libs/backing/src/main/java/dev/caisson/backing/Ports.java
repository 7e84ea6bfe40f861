package dev.caisson.backing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/** Ports on loopback that nothing listens on. */
final class Ports {
  private Ports() {}

  /** Some that are apart: each is held until the last is found. */
  static List<Integer> free(int count) {
    List<Integer> ports = new ArrayList<>();
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ports.add(socket.getLocalPort());
      if (count > 1) {
        ports.addAll(free(count - 1));
      }
      return ports;
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to find a free port", e);
    }
  }
}
