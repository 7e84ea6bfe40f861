package dev.caisson.executor.network;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.PortMapping;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which ports of the host lead to which sandbox: plugins would map one twice, and the first would
 * get all.
 *
 * <p>Thread-safe.
 */
public final class HostPorts {
  private final Map<String, List<PortMapping>> taken = new HashMap<>();

  /**
   * Takes all of them for a sandbox, or none.
   *
   * @throws dev.caisson.executor.refusal.RefusedException (LIMIT_REACHED) if another has one
   */
  public synchronized void take(String uid, List<PortMapping> ports) {
    for (PortMapping port : ports) {
      if (taken.values().stream().flatMap(List::stream).anyMatch(other -> overlap(port, other))) {
        throw Refusal.limit(
                "host-ports",
                "Port "
                    + port.getHostPort()
                    + " of the host leads to another sandbox already: choose another, or delete"
                    + " that sandbox.")
            .exception();
      }
    }
    taken.put(uid, ports);
  }

  /** What an earlier life has given. */
  public synchronized void retake(String uid, List<PortMapping> ports) {
    taken.put(uid, ports);
  }

  /** No error when it has none. */
  public synchronized void release(String uid) {
    taken.remove(uid);
  }

  /** No address is every address. */
  private static boolean overlap(PortMapping one, PortMapping other) {
    return one.getProtocol() == other.getProtocol()
        && one.getHostPort() == other.getHostPort()
        && (one.getHostIp().isEmpty()
            || other.getHostIp().isEmpty()
            || one.getHostIp().equals(other.getHostIp()));
  }
}
