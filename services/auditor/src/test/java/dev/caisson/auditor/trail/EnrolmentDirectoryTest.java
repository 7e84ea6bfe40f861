package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.model.NodeKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnrolmentDirectoryTest {

  @TempDir Path directory;

  @Test
  void saysNothingOfSignaturesWhereNobodyIsEnrolled() {
    assertThat(of("missing").keys("n1")).isEmpty();
    assertThat(of("").keys("n1")).isEmpty();
  }

  @Test
  void knowsEachKeyOfANode() throws Exception {
    NodeKey one = key();
    NodeKey next = key();
    Files.writeString(directory.resolve("n1.pem"), one.pem() + next.pem());
    assertThat(of("").keys("n1").orElseThrow())
        .extracting(NodeKey::toString)
        .containsExactly(one.toString(), next.toString());
    assertThat(of("").keys("n2").orElseThrow()).isEmpty();
  }

  @Test
  void makesNoPathOfANameThatARelayChooses() throws Exception {
    Path nodes = Files.createDirectory(directory.resolve("nodes"));
    Files.writeString(directory.resolve("outside.pem"), key().pem());
    Files.writeString(nodes.resolve("n1.pem"), key().pem());
    assertThat(of("nodes").keys("../outside").orElseThrow()).isEmpty();
    assertThat(of("nodes").keys(directory.resolve("outside").toString()).orElseThrow()).isEmpty();
  }

  @Test
  void whatCannotBeReadMakesNoSignatureGood() throws Exception {
    Path file = directory.resolve("n1.pem");
    Files.writeString(file, "no key");
    assertThat(of("").keys("n1").orElseThrow()).isEmpty();
    Files.write(file, new byte[] {-1, -2});
    assertThat(of("").keys("n1").orElseThrow()).isEmpty();
    Files.writeString(file, key().pem() + " ".repeat(70_000));
    assertThat(of("").keys("n1").orElseThrow()).isEmpty();
    assertThat(of("n1.pem").keys("n1").orElseThrow()).isEmpty();
  }

  private Enrolment of(String name) {
    return new EnrolmentDirectory(directory.resolve(name));
  }

  private static NodeKey key() throws Exception {
    return NodeKey.of(
        KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic().getEncoded());
  }
}
