package dev.caisson.executor.journal;

import dev.caisson.model.NodeKey;
import dev.caisson.model.Pem;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import java.util.Set;

/**
 * The key with which the node signs its journal: made once, at the first start, and never replaced
 * by itself, since a new one would hide that somebody has taken the old one's place. Thread-safe.
 */
public final class SigningKey {
  private static final System.Logger LOG = System.getLogger(SigningKey.class.getName());

  /** PKCS#8, and the public half beside it. */
  static final String FILE = "node-key.pem";

  /** For those who check signatures. */
  static final String PUBLIC_FILE = "node-key.pub.pem";

  private static final String LABEL = "PRIVATE KEY";
  private static final String NEW = ".new";
  private static final int MAX_BYTES = 64 << 10;

  private final PrivateKey key;
  private final NodeKey publicKey;

  private SigningKey(PrivateKey key, NodeKey publicKey) {
    this.key = key;
    this.publicKey = publicKey;
  }

  /**
   * The key of a node, which is made where none has been. Only while no other executor uses the
   * directory.
   *
   * @param data the executor's own directory
   * @throws IOException where the key is not as it was made: the message says what to do
   */
  public static SigningKey of(Path data) throws IOException {
    Path file = data.resolve(FILE);
    Path publicFile = data.resolve(PUBLIC_FILE);
    SigningKey key;
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      key = read(data, file);
    } else {
      key = make(data, file, publicFile);
    }
    key.export(data, publicFile);
    return key;
  }

  /** One that nobody keeps. */
  static SigningKey generate() {
    try {
      KeyPair pair = KeyPairGenerator.getInstance(NodeKey.ALGORITHM).generateKeyPair();
      return new SigningKey(pair.getPrivate(), NodeKey.of(pair.getPublic().getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java platform has Ed25519", e);
    }
  }

  private static SigningKey make(Path data, Path file, Path publicFile) throws IOException {
    if (Files.exists(publicFile, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(
          file
              + ", which signs the journal, is gone. Restore it from a backup; or remove "
              + publicFile
              + " too, for a new key, which every auditor has to be told of");
    }
    SigningKey key = generate();
    write(data, file, "rw-------", Pem.encode(LABEL, key.key.getEncoded()) + key.publicKey.pem());
    LOG.log(System.Logger.Level.INFO, "Made the node''s key {0}", key.publicKey);
    return key;
  }

  private static SigningKey read(Path data, Path file) throws IOException {
    requireOwn(data, file);
    try {
      String text = Files.readString(file, StandardCharsets.US_ASCII);
      List<byte[]> blocks = Pem.decode(LABEL, text);
      if (blocks.size() != 1) {
        throw new IllegalArgumentException("there is not one block BEGIN " + LABEL);
      }
      return paired(blocks.getFirst(), NodeKey.parse(text).getFirst());
    } catch (IOException | IllegalArgumentException | GeneralSecurityException e) {
      throw new IOException(
          file
              + " is not the key that was made ("
              + e.getMessage()
              + "). Restore it from a backup, and ask who has changed it",
          e);
    }
  }

  private static SigningKey paired(byte[] encoded, NodeKey publicKey)
      throws GeneralSecurityException {
    KeyFactory factory = KeyFactory.getInstance(NodeKey.ALGORITHM);
    SigningKey key =
        new SigningKey(factory.generatePrivate(new PKCS8EncodedKeySpec(encoded)), publicKey);
    byte[] probe = publicKey.fingerprint();
    if (!publicKey.verifies(probe, key.sign(probe))) {
      throw new GeneralSecurityException("its halves do not belong together");
    }
    return key;
  }

  private static void requireOwn(Path data, Path file) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isRegularFile() || attributes.size() > MAX_BYTES) {
      throw new IOException(file + " must be a file of at most " + MAX_BYTES + " bytes");
    }
    String mode = PosixFilePermissions.toString(attributes.permissions());
    if (!mode.endsWith("------") || !attributes.owner().equals(Files.getOwner(data))) {
      throw new IOException(
          file
              + " must belong to the executor's user, and nobody else may read it: it is "
              + attributes.owner().getName()
              + "'s and "
              + mode
              + ". If others may have read it, remove it and "
              + PUBLIC_FILE
              + " for a new key, and tell every auditor; otherwise chmod 600 and chown");
    }
  }

  private void export(Path data, Path file) throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      write(data, file, "rw-r--r--", publicKey.pem());
    } else if (!Files.readString(file).equals(publicKey.pem())) {
      throw new IOException(
          file
              + " is not the public half of "
              + FILE
              + ": one of them was changed. Restore the key from a backup, or remove "
              + file
              + ", which is then written anew, if the key is the right one: "
              + publicKey);
    }
  }

  /** Whole and durable, or not at all. */
  private static void write(Path data, Path file, String mode, String text) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + NEW);
    Files.deleteIfExists(temporary);
    Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(mode);
    Files.createFile(temporary, PosixFilePermissions.asFileAttribute(permissions));
    Files.setPosixFilePermissions(temporary, permissions); // whatever the umask is
    try (FileOutputStream out = new FileOutputStream(temporary.toFile())) {
      out.write(text.getBytes(StandardCharsets.US_ASCII));
      out.getFD().sync();
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    SegmentWriter.syncDirectory(data);
  }

  public NodeKey publicKey() {
    return publicKey;
  }

  byte[] sign(byte[] message) {
    try {
      Signature signature = Signature.getInstance(NodeKey.ALGORITHM);
      signature.initSign(key);
      signature.update(message);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new AssertionError("an Ed25519 key signs anything", e);
    }
  }
}
