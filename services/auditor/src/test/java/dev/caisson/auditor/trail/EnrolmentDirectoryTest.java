package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.model.NodeKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.util.List;
import java.util.Map;
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

  @Test
  void knowsWhoIsEnrolledAndSinceWhen() throws Exception {
    Instant since = Instant.parse("2026-01-01T00:00:00Z");
    for (String name : List.of("n2.pem", "n1.pem", "n3.txt")) {
      Path file = Files.writeString(directory.resolve(name), "no key");
      Files.setLastModifiedTime(file, FileTime.from(since));
    }
    assertThat(of("").nodes()).containsExactly(Map.entry("n1", since), Map.entry("n2", since));
    assertThat(of("missing").nodes()).isEmpty();
    assertThat(of("n1.pem").nodes()).isEmpty();
  }

  private Enrolment of(String name) {
    return new EnrolmentDirectory(directory.resolve(name));
  }

  private static NodeKey key() throws Exception {
    return NodeKey.of(
        KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic().getEncoded());
  }
}
