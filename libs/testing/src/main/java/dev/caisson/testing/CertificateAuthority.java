package dev.caisson.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/** Signs certificates, made for one test; everything is in files, PEM. */
public final class CertificateAuthority {
  private static final String PASSWORD = "made-for-one-test";
  private static final Base64.Encoder PEM = Base64.getMimeEncoder(64, new byte[] {'\n'});

  private final Path directory;

  /** Makes its key and certificate. */
  public CertificateAuthority(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
    keytool(
        "authority",
        List.of("-genkeypair", "-keyalg", "EC", "-dname", "CN=authority", "-ext", "bc:c=ca:true"));
    keytool("authority", List.of("-exportcert", "-rfc", "-file", certificate().toString()));
  }

  /** What is to be trusted. */
  public Path certificate() {
    return directory.resolve("authority.pem");
  }

  /** A certificate and its key. */
  public record Issued(Path certificate, Path key) {}

  /**
   * Signs one.
   *
   * @param name what its files are called
   * @param subject as in {@code CN=ada,O=Example}
   * @param names as keytool's {@code -ext san} takes them, {@code uri:spiffe://example.org/ci};
   *     empty: none
   */
  public Issued issue(String name, String subject, String names)
      throws IOException, GeneralSecurityException {
    Path request = directory.resolve(name + ".csr");
    Path certificate = directory.resolve(name + ".pem");
    keytool(name, List.of("-genkeypair", "-keyalg", "EC", "-dname", subject));
    keytool(name, List.of("-certreq", "-file", request.toString()));
    List<String> sign =
        List.of(
            "-gencert", "-rfc", "-infile", request.toString(), "-outfile", certificate.toString());
    keytool("authority", names.isEmpty() ? sign : with(sign, List.of("-ext", "san=" + names)));
    Path key = directory.resolve(name + ".key");
    Files.writeString(key, pem(key(name)));
    return new Issued(certificate, key);
  }

  private static List<String> with(List<String> some, List<String> more) {
    return java.util.stream.Stream.concat(some.stream(), more.stream()).toList();
  }

  private Key key(String name) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(store().toFile(), PASSWORD.toCharArray());
    return store.getKey(name, PASSWORD.toCharArray());
  }

  private static String pem(Key key) {
    return "-----BEGIN PRIVATE KEY-----\n"
        + PEM.encodeToString(key.getEncoded())
        + "\n-----END PRIVATE KEY-----\n";
  }

  private Path store() {
    return directory.resolve("store.p12");
  }

  private void keytool(String alias, List<String> arguments) throws IOException {
    Keytool.run(store(), PASSWORD, alias, arguments);
  }
}
