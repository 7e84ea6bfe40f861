package dev.caisson.auditor.cpu;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an account is kept in the state store and its changelog. The first byte is the version of the
 * form.
 */
final class AccountCodec {

  private static final int VERSION = 1;

  private AccountCodec() {}

  static byte[] encode(SandboxAccount account) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeLong(account.seq());
      writeCounter(out, account.counter());
      out.writeLong(account.unattributed());
      out.writeLong(account.retired());
      out.writeInt(account.containers().size());
      for (ContainerAccount container : account.containers()) {
        writeContainer(out, container);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to encode an account", e);
    }
    return bytes.toByteArray();
  }

  static SandboxAccount decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readUnsignedByte();
      if (version != VERSION) {
        throw new IllegalArgumentException("version of an account must be 1: " + version);
      }
      long seq = in.readLong();
      CgroupCounter counter = readCounter(in);
      return new SandboxAccount(seq, counter, in.readLong(), in.readLong(), readContainers(in));
    } catch (IOException e) {
      throw new IllegalArgumentException("account must be whole: " + bytes.length + " bytes", e);
    }
  }

  private static void writeCounter(DataOutputStream out, @Nullable CgroupCounter counter)
      throws IOException {
    out.writeBoolean(counter != null);
    if (counter != null) {
      out.writeLong(counter.epoch());
      out.writeLong(counter.base());
      out.writeLong(counter.reading());
    }
  }

  private static @Nullable CgroupCounter readCounter(DataInputStream in) throws IOException {
    return in.readBoolean() ? new CgroupCounter(in.readLong(), in.readLong(), in.readLong()) : null;
  }

  private static void writeContainer(DataOutputStream out, ContainerAccount container)
      throws IOException {
    out.writeUTF(container.id());
    out.writeUTF(container.uid());
    out.writeLong(container.reading());
    out.writeLong(container.measured());
    out.writeLong(container.total());
    out.writeLong(container.delta());
    out.writeLong(container.listed());
    out.writeUTF(container.state().name());
  }

  private static List<ContainerAccount> readContainers(DataInputStream in) throws IOException {
    int size = in.readInt();
    List<ContainerAccount> containers = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      containers.add(
          new ContainerAccount(
              in.readUTF(),
              in.readUTF(),
              in.readLong(),
              in.readLong(),
              in.readLong(),
              in.readLong(),
              in.readLong(),
              ContainerAccount.State.valueOf(in.readUTF())));
    }
    return containers;
  }
}
