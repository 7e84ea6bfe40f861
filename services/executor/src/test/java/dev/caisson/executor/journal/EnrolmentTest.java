package dev.caisson.executor.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.model.NodeKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnrolmentTest {
  @TempDir Path directory;

  @Test
  void leavesTheKeyForOthersToRead() throws IOException {
    NodeKey key = SigningKey.generate().publicKey();
    Enrolment.of("node-1", key).in(directory);
    Path file = directory.resolve("node-1.pem");
    assertThat(file).hasContent(key.pem());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r--r--");
    Enrolment.of("node-1", key).in(directory);
    assertThat(directory.toFile().list()).containsExactly("node-1.pem");
  }

  @Test
  void neverReplacesOne() throws IOException {
    Path file = directory.resolve("node-1.pem");
    Files.writeString(file, SigningKey.generate().publicKey().pem());
    String before = Files.readString(file);
    Enrolment.of("node-1", SigningKey.generate().publicKey()).in(directory);
    assertThat(file).hasContent(before);
    assertThat(directory.toFile().list()).containsExactly("node-1.pem");
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "a/b", "", ".hidden", "-x"})
  void refusesANameThatIsNoFile(String node) {
    Enrolment enrolment = Enrolment.of(node, SigningKey.generate().publicKey());
    assertThatThrownBy(() -> enrolment.in(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("--enrol");
    assertThat(directory.toFile().list()).isEmpty();
  }
}
