package dev.caisson.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.model.SignedChain.Flaw;
import dev.caisson.model.SignedChain.Kind;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SignedChainTest {
  private static final String NODE = "node-1";
  private static final KeyPair PAIR = pair();
  private static final NodeKey KEY = NodeKey.of(PAIR.getPublic().getEncoded());

  private final SignedChain check = new SignedChain(NODE, List.of(KEY));

  @Test
  void takesACheckpointOfTheRecordBeforeIt() {
    records(1, 1, 5);
    assertThat(sign(1, 6, at(1, 5))).isEmpty();
    assertThat(check.signedSeq()).isEqualTo(5);
    assertThat(check.unsigned()).isZero();
    assertThat(check.checkpoints()).isEqualTo(1);
  }

  @Test
  void takesACheckpointOfARecordFurtherBackAndCountsWhatCameSince() {
    records(1, 1, 5);
    assertThat(sign(1, 6, at(1, 3))).isEmpty();
    assertThat(check.unsigned()).isEqualTo(2);
    records(1, 7, 7);
    assertThat(check.unsigned()).isEqualTo(3);
  }

  @Test
  void vouchesForAnEarlierEpochToo() {
    records(1, 1, 5);
    records(2, 1, 1);
    assertThat(check.unsigned()).isEqualTo(6);
    assertThat(sign(2, 2, at(2, 1))).isEmpty();
    assertThat(check.unsigned()).isZero();
    assertThat(check.signedEpoch()).isEqualTo(2);
  }

  @Test
  void refusesAChainValueThatIsNotTheRecords() {
    records(1, 1, 5);
    Checkpoint other = new Checkpoint(NODE, 1, 5, hex(chain(9, 9)), 7, 8, false);
    assertThat(kind(sign(1, 6, other))).isEqualTo(Kind.BAD_SIGNATURE);
    assertThat(check.checkpoints()).isZero();
    assertThat(check.unsigned()).isEqualTo(6);
  }

  @Test
  void refusesAPlaceThatIsNotBeforeIt() {
    long next = 6;
    records(1, 1, next - 1);
    for (long off : new long[] {0, 1, Long.MAX_VALUE - next}) {
      assertThat(kind(sign(1, next, at(1, next + off)))).isEqualTo(Kind.BAD_SIGNATURE);
      next++;
    }
    for (long seq : new long[] {0, -1, Long.MIN_VALUE}) {
      assertThat(kind(sign(1, next, at(1, seq)))).isEqualTo(Kind.BAD_SIGNATURE);
      next++;
    }
  }

  @Test
  void refusesAPlaceInAnotherEpochOrOfAnotherNode() {
    records(1, 1, 5);
    records(2, 1, 1);
    assertThat(kind(sign(2, 2, at(1, 5)))).isEqualTo(Kind.BAD_SIGNATURE);
    Checkpoint others = new Checkpoint("node-2", 2, 1, hex(chain(2, 1)), 7, 8, false);
    assertThat(kind(sign(2, 3, others))).isEqualTo(Kind.BAD_SIGNATURE);
  }

  @Test
  void refusesAKeyThatIsNotTheNodes() {
    records(1, 1, 5);
    KeyPair forger = pair();
    byte[] fingerprint = NodeKey.of(forger.getPublic().getEncoded()).fingerprint();
    byte[] signature = signature(forger.getPrivate(), at(1, 5).message());
    assertThat(kind(check.checkpoint(1, 6, chain(1, 6), at(1, 5), fingerprint, signature)))
        .isEqualTo(Kind.UNKNOWN_KEY);
  }

  @Test
  void refusesTheSignatureOfAnotherKeyUnderTheNodesFingerprint() {
    records(1, 1, 5);
    byte[] signature = signature(pair().getPrivate(), at(1, 5).message());
    assertThat(kind(check.checkpoint(1, 6, chain(1, 6), at(1, 5), KEY.fingerprint(), signature)))
        .isEqualTo(Kind.BAD_SIGNATURE);
  }

  @Test
  void refusesWhatIsNoSignature() {
    records(1, 1, 5);
    for (int length : new int[] {0, 1, 63, 64, 65, 4_096}) {
      assertThat(
              kind(
                  check.checkpoint(
                      1, 6, chain(1, 6), at(1, 5), KEY.fingerprint(), new byte[length])))
          .isEqualTo(Kind.BAD_SIGNATURE);
    }
  }

  @Test
  void everyFieldIsSigned() {
    Checkpoint one = new Checkpoint("n", 1, 2, hex(chain(1, 2)), 3, 4, false);
    byte[] signature = signature(PAIR.getPrivate(), one.message());
    assertThat(KEY.verifies(one.message(), signature)).isTrue();
    List<Checkpoint> others =
        List.of(
            new Checkpoint("m", 1, 2, one.chain(), 3, 4, false),
            new Checkpoint("n", 2, 2, one.chain(), 3, 4, false),
            new Checkpoint("n", 1, 3, one.chain(), 3, 4, false),
            new Checkpoint("n", 1, 2, hex(chain(1, 3)), 3, 4, false),
            new Checkpoint("n", 1, 2, one.chain(), 4, 4, false),
            new Checkpoint("n", 1, 2, one.chain(), 3, 5, false),
            new Checkpoint("n", 1, 2, one.chain(), 3, 4, true));
    for (Checkpoint other : others) {
      assertThat(KEY.verifies(other.message(), signature)).as(other.toString()).isFalse();
    }
  }

  @Test
  void forgetsWhatIsTooFarBackToBeSigned() {
    records(1, 1, SignedChain.MAX_UNSIGNED + 1);
    assertThat(check.unsigned()).isEqualTo(SignedChain.MAX_UNSIGNED + 1);
    assertThat(kind(sign(1, SignedChain.MAX_UNSIGNED + 2, at(1, 1)))).isEqualTo(Kind.BAD_SIGNATURE);
  }

  @Test
  void forgetsWhatIsSigned() {
    records(1, 1, 9);
    assertThat(sign(1, 10, at(1, 7))).isEmpty();
    assertThat(sign(1, 11, at(1, 7))).isEmpty();
    assertThat(kind(sign(1, 12, at(1, 6)))).isEqualTo(Kind.BAD_SIGNATURE);
    assertThat(sign(1, 13, at(1, 12))).isEmpty();
  }

  /** Frozen: whoever else checks signatures has this, from docs/record-format.md. */
  @Test
  void signsTheDocumentedBytes() throws Exception {
    Checkpoint checkpoint =
        new Checkpoint("node-1", 3, 41, "00".repeat(31) + "2a", 1_767_323_045, 6, false);
    assertThat(hex(checkpoint.message()))
        .isEqualTo(
            "0000001d"
                + hex("caisson journal checkpoint v1".getBytes(StandardCharsets.US_ASCII))
                + "00000006"
                + "6e6f64652d31"
                + "0000000000000003"
                + "0000000000000029"
                + "00".repeat(31)
                + "2a"
                + "00000000695735a5"
                + "00000006");
    PrivateKey key =
        KeyFactory.getInstance("Ed25519")
            .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, new byte[32]));
    assertThat(hex(signature(key, checkpoint.message())))
        .isEqualTo(
            "7ce72014459d99e0b047d1a597fec0bb2fae696040504d59dc9117ccc46fc09e"
                + "586420cad17f4d60cce46d7b6a59932ae239681bd1e34807dde9711b1d0bd709");
  }

  @Test
  void signsTheLastOfAnEpochAsSuch() {
    Checkpoint last = new Checkpoint("n", 1, 2, "00".repeat(32), 3, 4, true);
    assertThat(hex(last.message()))
        .startsWith(
            "00000016"
                + hex("caisson journal end v1".getBytes(StandardCharsets.US_ASCII))
                + "00000001"
                + "6e");
  }

  @Test
  void readsTheKeysThatItWrites() {
    NodeKey other = NodeKey.of(pair().getPublic().getEncoded());
    assertThat(NodeKey.parse("a comment\n" + KEY.pem() + other.pem()))
        .extracting(NodeKey::toString)
        .containsExactly(KEY.toString(), other.toString());
  }

  @Test
  void refusesWhatIsNoKey() throws Exception {
    String rsa =
        Pem.encode(
            "PUBLIC KEY",
            KeyPairGenerator.getInstance("RSA").generateKeyPair().getPublic().getEncoded());
    String cut = KEY.pem().replaceFirst("(?s)\n.{20}", "\n");
    String unreadable = KEY.pem().replaceFirst("\n..", "\n=A");
    for (String text : List.of("", "x", rsa, cut, unreadable, KEY.pem() + rsa)) {
      assertThatThrownBy(() -> NodeKey.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  private void records(long epoch, long from, long to) {
    for (long seq = from; seq <= to; seq++) {
      check.record(epoch, seq, chain(epoch, seq));
    }
  }

  private Optional<Flaw> sign(long epoch, long seq, Checkpoint checkpoint) {
    return check.checkpoint(
        epoch,
        seq,
        chain(epoch, seq),
        checkpoint,
        KEY.fingerprint(),
        signature(PAIR.getPrivate(), checkpoint.message()));
  }

  private static Kind kind(Optional<Flaw> flaw) {
    return flaw.orElseThrow().kind();
  }

  private static Checkpoint at(long epoch, long seq) {
    return new Checkpoint(NODE, epoch, seq, hex(chain(epoch, seq)), 7, 8, false);
  }

  private static byte[] chain(long epoch, long seq) {
    byte[] chain = new byte[32];
    Arrays.fill(chain, (byte) (31 * epoch + seq));
    return chain;
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static KeyPair pair() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] signature(PrivateKey key, byte[] message) {
    try {
      Signature signer = Signature.getInstance("Ed25519");
      signer.initSign(key);
      signer.update(message);
      return signer.sign();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }
}
