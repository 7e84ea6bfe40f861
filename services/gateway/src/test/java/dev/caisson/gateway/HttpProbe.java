package dev.caisson.gateway;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A client of HTTP/1.1 that says what it is told to, byte for byte. */
final class HttpProbe implements AutoCloseable {
  private static final int MASKED = 0x80;
  private static final int TEXT = 0x81;
  private static final int SHORT = 126;

  private final SocketChannel channel;

  HttpProbe(Path socket) throws IOException {
    channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
  }

  /** One request on a connection of its own; the whole response. */
  static String ask(Path socket, String verb, String path, String... headersAndBody)
      throws IOException {
    try (HttpProbe probe = new HttpProbe(socket)) {
      String body = headersAndBody.length == 0 ? "" : headersAndBody[headersAndBody.length - 1];
      StringBuilder request =
          new StringBuilder(verb + " " + path + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
      for (int i = 0; i < headersAndBody.length - 1; i++) {
        request.append(headersAndBody[i]).append("\r\n");
      }
      request.append("content-length: ").append(body.getBytes(StandardCharsets.UTF_8).length);
      probe.send(request + "\r\n\r\n" + body);
      return probe.rest();
    }
  }

  void send(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      var _ = channel.write(bytes);
    }
  }

  /** Until the server closes. */
  String rest() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(8192);
    while (channel.read(buffer) >= 0) {
      all.write(buffer.array(), 0, buffer.position());
      buffer.clear();
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  /** Up to and with that text. */
  String until(String end) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (!all.toString(StandardCharsets.UTF_8).endsWith(end)) {
      all.write(read());
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  void sendText(String text) throws IOException {
    sendFrame(TEXT, text);
  }

  /**
   * RFC 6455, 5.2, with a mask of zeros.
   *
   * @param first the first byte: whether it is the last part, and what it is
   */
  void sendFrame(int first, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer frame = ByteBuffer.allocate(bytes.length + 8);
    frame.put((byte) first);
    if (bytes.length < SHORT) {
      frame.put((byte) (MASKED | bytes.length));
    } else {
      frame.put((byte) (MASKED | SHORT)).putShort((short) bytes.length);
    }
    frame.putInt(0).put(bytes).flip();
    while (frame.hasRemaining()) {
      var _ = channel.write(frame);
    }
  }

  void sendClose() throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(8);
    frame.put((byte) 0x88).put((byte) (MASKED | 2)).putInt(0).putShort((short) 1000).flip();
    while (frame.hasRemaining()) {
      var _ = channel.write(frame);
    }
  }

  /** The next frame's text; of a close its code and reason. */
  String nextText() throws IOException {
    int first = read() & 0xff;
    int length = read() & 0xff;
    if (length == SHORT) {
      length = (read() & 0xff) << 8 | (read() & 0xff);
    }
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) read();
    }
    if (first == TEXT) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
    int code = (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff);
    return code + " " + new String(bytes, 2, length - 2, StandardCharsets.UTF_8);
  }

  private int read() throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    if (channel.read(one) < 0) {
      throw new EOFException();
    }
    return one.get(0);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
