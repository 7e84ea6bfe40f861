package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.model.NodeKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SigningKeyTest {
  @TempDir Path data;

  @Test
  void isMadeOnceAndReadableByItsOwnerAlone() throws IOException {
    SigningKey made = SigningKey.of(data);
    byte[] message = {1, 2, 3};
    SigningKey again = SigningKey.of(data);
    assertThat(again.publicKey()).hasToString(made.publicKey().toString());
    assertThat(made.publicKey().verifies(message, again.sign(message))).isTrue();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key())))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(exported())))
        .isEqualTo("rw-r--r--");
    assertThat(NodeKey.parse(Files.readString(exported())))
        .extracting(NodeKey::toString)
        .containsExactly(made.publicKey().toString());
    try (var files = Files.list(data)) {
      assertThat(files).containsExactlyInAnyOrder(key(), exported());
    }
  }

  @Test
  void isExportedAnewWhereAStartWasCutOff() throws IOException {
    SigningKey made = SigningKey.of(data);
    Files.delete(exported());
    Files.writeString(data.resolve("node-key.pub.pem.new"), "half");
    SigningKey.of(data);
    assertThat(Files.readString(exported())).isEqualTo(made.publicKey().pem());
  }

  @Test
  void isNotReplacedWhenItIsGone() throws IOException {
    SigningKey.of(data);
    Files.delete(key());
    assertRefused("is gone");
    assertThat(key()).doesNotExist();
  }

  @Test
  void isRefusedWhenOthersMayReadIt() throws IOException {
    SigningKey.of(data);
    for (String mode : List.of("rw-r-----", "rw----r--", "rw--w----")) {
      Files.setPosixFilePermissions(key(), PosixFilePermissions.fromString(mode));
      assertRefused("nobody else may read it");
    }
  }

  @Test
  void isRefusedWhenItIsNoFileOfItsOwn() throws IOException {
    SigningKey.of(data);
    Path elsewhere = Files.move(key(), data.resolve("elsewhere"));
    Files.createSymbolicLink(key(), elsewhere);
    assertRefused("must be a file");
  }

  @Test
  void isRefusedWhenItIsNotWhatWasMade() throws IOException {
    SigningKey.of(data);
    String good = Files.readString(key());
    String others = otherKey();
    String ownPrivate = good.substring(0, good.indexOf("-----BEGIN PUBLIC"));
    String othersPublic = others.substring(others.indexOf("-----BEGIN PUBLIC"));
    for (String bad :
        List.of(
            "",
            good.substring(0, good.length() / 2),
            good + good,
            ownPrivate,
            ownPrivate + othersPublic,
            good.replaceFirst("KEY-----\n....", "KEY-----\nAAAA"),
            "\u00e4" + good)) {
      Files.writeString(key(), bad);
      assertRefused("is not the key that was made");
      assertThat(Files.readString(key())).isEqualTo(bad);
    }
  }

  @Test
  void isRefusedWhenItIsAnotherThanWasExported() throws IOException {
    SigningKey.of(data);
    Files.writeString(key(), otherKey());
    assertRefused("is not the public half of");
  }

  private static String otherKey() throws IOException {
    Path other = Files.createTempDirectory("other");
    try {
      SigningKey.of(other);
      return Files.readString(other.resolve("node-key.pem"));
    } finally {
      JournalCrashTest.deleteTree(other);
    }
  }

  private void assertRefused(String why) {
    assertThatThrownBy(() -> SigningKey.of(data))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(why);
  }

  private Path key() {
    return data.resolve("node-key.pem");
  }

  private Path exported() {
    return data.resolve("node-key.pub.pem");
  }
}
