package dev.caisson.auditor.cpu;

import dev.caisson.auditor.cpu.Kept.Ended;
import dev.caisson.auditor.cpu.Kept.Forgotten;
import dev.caisson.auditor.cpu.Kept.Living;
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
 * How accounts, and what is left of them, are kept in the state store and its changelog. The first
 * byte is the version of the form; from the second version on, the next is the kind, and eight more
 * are when it was written. The first version has accounts only, and no times.
 */
final class AccountCodec {

  private static final int UNDATED = 1;
  private static final int VERSION = 2;

  private static final int LIVING = 0;
  private static final int ENDED = 1;
  private static final int FORGOTTEN = 2;

  private AccountCodec() {}

  static byte[] encode(Kept kept) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      switch (kept) {
        case Living living -> {
          writeHead(out, LIVING, living);
          writeAccount(out, living.account());
        }
        case Ended ended -> {
          writeHead(out, ENDED, ended);
          out.writeLong(ended.seq());
          out.writeLong(ended.time());
        }
        case Forgotten forgotten -> {
          writeHead(out, FORGOTTEN, forgotten);
          out.writeLong(forgotten.time());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to encode an account", e);
    }
    return bytes.toByteArray();
  }

  static Kept decode(byte[] bytes) {
    return read(
        bytes,
        (in, version) ->
            version == UNDATED
                ? new Living(readAccount(in), Kept.UNKNOWN)
                : readKept(in, in.readUnsignedByte(), in.readLong()));
  }

  /** When it was written, without decoding the rest. */
  static long written(byte[] bytes) {
    return read(
        bytes,
        (in, version) -> {
          if (version == UNDATED) {
            return Kept.UNKNOWN;
          }
          in.skipNBytes(1);
          return in.readLong();
        });
  }

  private static <T> T read(byte[] bytes, Reading<T> reading) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readUnsignedByte();
      if (version != UNDATED && version != VERSION) {
        throw new IllegalArgumentException("version of an account must be 1 or 2: " + version);
      }
      return reading.of(in, version);
    } catch (IOException e) {
      throw new IllegalArgumentException("account must be whole: " + bytes.length + " bytes", e);
    }
  }

  private static void writeHead(DataOutputStream out, int kind, Kept kept) throws IOException {
    out.writeByte(kind);
    out.writeLong(kept.written());
  }

  private static Kept readKept(DataInputStream in, int kind, long written) throws IOException {
    return switch (kind) {
      case LIVING -> new Living(readAccount(in), written);
      case ENDED -> new Ended(in.readLong(), in.readLong(), written);
      case FORGOTTEN -> new Forgotten(in.readLong(), written);
      default -> throw new IllegalArgumentException("kind of an account must be 0 to 2: " + kind);
    };
  }

  private static void writeAccount(DataOutputStream out, SandboxAccount account)
      throws IOException {
    out.writeLong(account.seq());
    writeCounter(out, account.counter());
    out.writeLong(account.unattributed());
    out.writeLong(account.retired());
    out.writeInt(account.containers().size());
    for (ContainerAccount container : account.containers()) {
      writeContainer(out, container);
    }
  }

  private static SandboxAccount readAccount(DataInputStream in) throws IOException {
    long seq = in.readLong();
    CgroupCounter counter = readCounter(in);
    return new SandboxAccount(seq, counter, in.readLong(), in.readLong(), readContainers(in));
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

  private interface Reading<T> {
    T of(DataInputStream in, int version) throws IOException;
  }
}
