package dev.caisson.model;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * What a node vouches for: that the chain of its journal has a value at a record.
 *
 * @param chain of the record, 64 hexadecimal digits
 * @param seconds when it is signed: since 1970
 * @param nanos and of the second
 * @param last whether the epoch ends with it, in order
 */
public record Checkpoint(
    String node, long epoch, long seq, String chain, long seconds, int nanos, boolean last) {
  /** Of a chain value. */
  public static final int CHAIN_BYTES = 32;

  /** No other message that the key signs begins like one of these. */
  private static final String DOMAIN = "caisson journal checkpoint v1";

  private static final String DOMAIN_OF_LAST = "caisson journal end v1";

  /** The bytes that are signed, as docs/record-format.md has them. */
  public byte[] message() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      write(out, last ? DOMAIN_OF_LAST : DOMAIN);
      write(out, node);
      out.writeLong(epoch);
      out.writeLong(seq);
      out.write(HexFormat.of().parseHex(chain));
      out.writeLong(seconds);
      out.writeInt(nanos);
    } catch (IOException e) {
      throw new UncheckedIOException("memory is always writable", e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, String text) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }
}
