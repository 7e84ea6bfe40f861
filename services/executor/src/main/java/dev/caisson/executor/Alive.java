package dev.caisson.executor;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A program that asks whether an executor has begun to serve and its server answers, and no more:
 * one whose calls wait for a disk is alive. For the probe of an orchestrator, in an image that has
 * no shell, and whose process has no network. It ends with 0 where the executor answers, and with 1
 * where not; how long it may take is for its starter to say.
 */
public final class Alive {
  /** What a client begins with: RFC 9113, 3.4; and its settings, none: 6.5. */
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\0\0\0\4\0\0\0\0\0";

  /** Length, type, flags, stream: RFC 9113, 4.1. */
  private static final int FRAME_HEADER = 9;

  private static final int TYPE_AT = 3;

  /** SETTINGS, which a server begins with. */
  private static final byte SETTINGS = 4;

  private Alive() {}

  /**
   * Asks once.
   *
   * @param args the path of the executor's socket
   */
  public static void main(String[] args) {
    if (args.length != 1) {
      System.err.println("The socket of an executor must be given, and nothing else");
      System.exit(2);
    }
    try {
      if (answers(Path.of(args[0]))) {
        return;
      }
      System.err.println("What listens at " + args[0] + " does not speak HTTP/2");
    } catch (IOException e) {
      System.err.println("No executor answers at " + args[0] + ": " + e.getMessage());
    }
    System.exit(1);
  }

  /** Whether what listens there is a server of HTTP/2 that serves. */
  static boolean answers(Path socket) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      ByteBuffer preface = ByteBuffer.wrap(PREFACE.getBytes(StandardCharsets.ISO_8859_1));
      while (preface.hasRemaining()) {
        channel.write(preface);
      }
      ByteBuffer header = ByteBuffer.allocate(FRAME_HEADER);
      while (header.hasRemaining()) {
        if (channel.read(header) < 0) {
          return false;
        }
      }
      return header.get(TYPE_AT) == SETTINGS;
    }
  }
}
