package dev.caisson.model;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;
import java.util.List;

/** The public half of the Ed25519 key with which a node signs its journal. */
public final class NodeKey {
  public static final String ALGORITHM = "Ed25519";
  private static final String LABEL = "PUBLIC KEY";

  private final PublicKey key;

  private NodeKey(PublicKey key) {
    this.key = key;
  }

  /**
   * Reads a key.
   *
   * @param encoded X.509 SubjectPublicKeyInfo
   * @throws IllegalArgumentException when it is no Ed25519 key
   */
  public static NodeKey of(byte[] encoded) {
    try {
      return new NodeKey(
          KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(encoded)));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("key must be an Ed25519 SubjectPublicKeyInfo", e);
    }
  }

  /**
   * Reads every public key of a PEM text.
   *
   * @throws IllegalArgumentException when there is none, or one is no Ed25519 key
   */
  public static List<NodeKey> parse(String pem) {
    List<NodeKey> keys = Pem.decode(LABEL, pem).stream().map(NodeKey::of).toList();
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("there is no block BEGIN PUBLIC KEY");
    }
    return keys;
  }

  public String pem() {
    return Pem.encode(LABEL, encoded());
  }

  public byte[] encoded() {
    return key.getEncoded();
  }

  /** SHA-256 of the encoded key. */
  public byte[] fingerprint() {
    return Sha256.start().digest(encoded());
  }

  /** False too for what has not the form of a signature. */
  public boolean verifies(byte[] message, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance(ALGORITHM);
      verifier.initVerify(key);
      verifier.update(message);
      return verifier.verify(signature);
    } catch (GeneralSecurityException _) {
      return false;
    }
  }

  /** Its fingerprint, in hexadecimal. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(fingerprint());
  }
}
