package dev.caisson.auditor.cpu;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The first version of the form of accounts, as auditors of before have written it. */
final class UndatedAccounts {

  private UndatedAccounts() {}

  static byte[] encode(SandboxAccount account) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(1);
      out.writeLong(account.seq());
      CgroupCounter counter = account.counter();
      out.writeBoolean(counter != null);
      if (counter != null) {
        out.writeLong(counter.epoch());
        out.writeLong(counter.base());
        out.writeLong(counter.reading());
      }
      out.writeLong(account.unattributed());
      out.writeLong(account.retired());
      out.writeInt(account.containers().size());
      for (ContainerAccount container : account.containers()) {
        write(out, container);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, ContainerAccount container) throws IOException {
    out.writeUTF(container.id());
    out.writeUTF(container.uid());
    out.writeLong(container.reading());
    out.writeLong(container.measured());
    out.writeLong(container.total());
    out.writeLong(container.delta());
    out.writeLong(container.listed());
    out.writeUTF(container.state().name());
  }
}
