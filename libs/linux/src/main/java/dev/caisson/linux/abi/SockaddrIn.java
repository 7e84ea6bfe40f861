package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * {@code struct sockaddr_in} and {@code struct sockaddr_in6}, netinet/in.h: addresses and ports are
 * in network order.
 *
 * <pre>{@code
 * struct sockaddr_in { sa_family_t sin_family; in_port_t sin_port; struct in_addr sin_addr;
 *   unsigned char sin_zero[8]; };
 * struct sockaddr_in6 { sa_family_t sin6_family; in_port_t sin6_port; uint32_t sin6_flowinfo;
 *   struct in6_addr sin6_addr; uint32_t sin6_scope_id; };
 * }</pre>
 */
public final class SockaddrIn {
  static final StructLayout V4 =
      MemoryLayout.structLayout(
          JAVA_SHORT.withName("sin_family"),
          JAVA_SHORT.withName("sin_port"),
          MemoryLayout.sequenceLayout(4, JAVA_BYTE).withName("sin_addr"),
          MemoryLayout.sequenceLayout(8, JAVA_BYTE).withName("sin_zero"));

  static final StructLayout V6 =
      MemoryLayout.structLayout(
          JAVA_SHORT.withName("sin6_family"),
          JAVA_SHORT.withName("sin6_port"),
          JAVA_INT.withName("sin6_flowinfo"),
          MemoryLayout.sequenceLayout(16, JAVA_BYTE).withName("sin6_addr"),
          JAVA_INT.withName("sin6_scope_id"));

  private static final byte[] LOOPBACK_4 = {127, 0, 0, 1};
  private static final byte[] LOOPBACK_6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

  /** At the same offset in both. */
  private static final long FAMILY = V4.byteOffset(groupElement("sin_family"));

  private static final long PORT = V4.byteOffset(groupElement("sin_port"));
  private static final long ADDRESS_4 = V4.byteOffset(groupElement("sin_addr"));
  private static final long ADDRESS_6 = V6.byteOffset(groupElement("sin6_addr"));

  private static final ValueLayout.OfShort NETWORK_SHORT =
      JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

  private SockaddrIn() {}

  /** For an address of either family that the kernel writes. */
  public static MemorySegment room(Arena arena) {
    return arena.allocate(V6);
  }

  /** 127.0.0.1. */
  public static MemorySegment loopback4(Arena arena, int port) {
    return address(arena.allocate(V4), Constants.AF_INET, port, LOOPBACK_4, ADDRESS_4);
  }

  /** ::1. */
  public static MemorySegment loopback6(Arena arena, int port) {
    return address(arena.allocate(V6), Constants.AF_INET6, port, LOOPBACK_6, ADDRESS_6);
  }

  private static MemorySegment address(
      MemorySegment address, int family, int port, byte[] host, long offset) {
    address.set(JAVA_SHORT, FAMILY, (short) family);
    address.set(NETWORK_SHORT, PORT, (short) port);
    MemorySegment.copy(host, 0, address, JAVA_BYTE, offset, host.length);
    return address;
  }

  public static int port(MemorySegment address) {
    return Short.toUnsignedInt(address.get(NETWORK_SHORT, PORT));
  }
}
