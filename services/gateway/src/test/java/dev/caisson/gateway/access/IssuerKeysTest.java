package dev.caisson.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.caisson.testing.CertificateAuthority;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class IssuerKeysTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory;

  @Test
  void findsAKeyThatIsNewInTheFile() throws Exception {
    IssuerKeys keys = keys(directory.resolve("keys").toString(), Duration.ZERO);
    write("one");
    assertThat(with(keys, "one").getKeyByKeyId("one")).isNotNull();
    write("two");
    assertThat(with(keys, "two").getKeyByKeyId("two")).isNotNull();
    assertThat(with(keys, "one").getKeyByKeyId("one")).isNull();
  }

  @Test
  void doesNotReadAgainForEachKeyThatThereIsNot() throws Exception {
    IssuerKeys keys = keys(directory.resolve("keys").toString(), Duration.ofHours(1));
    write("one");
    assertThat(with(keys, "two").getKeyByKeyId("two")).isNull();
    write("two");
    assertThat(with(keys, "two").getKeyByKeyId("two")).as("not before an hour").isNull();
  }

  @Test
  void keepsWhatItHasWhileItCannotBeReadAgain() throws Exception {
    IssuerKeys keys = keys(directory.resolve("keys").toString(), Duration.ZERO);
    assertThatThrownBy(() -> with(keys, "one"))
        .hasCauseInstanceOf(java.nio.file.NoSuchFileException.class);
    write("one");
    assertThat(with(keys, "one").getKeyByKeyId("one")).isNotNull();
    Files.writeString(directory.resolve("keys"), "none");
    assertThat(with(keys, "two").getKeyByKeyId("one")).isNotNull();
  }

  @Test
  void readsAUrlOfWhomItTrusts() throws Exception {
    CertificateAuthority authority = new CertificateAuthority(directory.resolve("authority"));
    AtomicInteger reads = new AtomicInteger();
    HttpsServer server = server(authority.issue("idp", "CN=idp", "ip:127.0.0.1"), reads);
    try {
      String url = "https://127.0.0.1:" + server.getAddress().getPort() + "/keys";
      IssuerKeys keys =
          new IssuerKeys(
              new Issuer("i", url, authority.certificate().toString(), "a", "id:", "sub", ""),
              Duration.ofHours(1));
      assertThat(with(keys, "one").getKeyByKeyId("one")).isNotNull();
      assertThat(with(keys, "one").getKeyByKeyId("one")).isNotNull();
      assertThat(reads).hasValue(1);
      IssuerKeys trustsTheJvms = keys(url, Duration.ofHours(1));
      assertThatThrownBy(() -> with(trustsTheJvms, "one"))
          .hasCauseInstanceOf(javax.net.ssl.SSLHandshakeException.class);
      IssuerKeys elsewhere =
          new IssuerKeys(
              new Issuer(
                  "i", url + "/no", authority.certificate().toString(), "a", "id:", "sub", ""),
              Duration.ofHours(1));
      assertThatThrownBy(() -> with(elsewhere, "one")).hasMessageContaining("answers 404");
    } finally {
      server.stop(0);
    }
  }

  private static JWKSet with(IssuerKeys keys, String id) {
    return keys.with(id).blockOptional(PATIENCE).orElseThrow();
  }

  private static IssuerKeys keys(String from, Duration between) {
    return new IssuerKeys(new Issuer("i", from, "", "a", "id:", "sub", ""), between);
  }

  private void write(String id) throws IOException, JOSEException {
    Files.writeString(directory.resolve("keys"), set(id));
  }

  private static String set(String id) throws JOSEException {
    return new JWKSet(new ECKeyGenerator(Curve.P_256).keyID(id).generate()).toString();
  }

  private static HttpsServer server(CertificateAuthority.Issued own, AtomicInteger reads)
      throws Exception {
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context(own)));
    byte[] answer = set("one").getBytes(StandardCharsets.UTF_8);
    server.createContext(
        "/",
        exchange -> {
          boolean there = exchange.getRequestURI().getPath().equals("/keys");
          reads.addAndGet(there ? 1 : 0);
          exchange.sendResponseHeaders(there ? 200 : 404, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    return server;
  }

  private static SSLContext context(CertificateAuthority.Issued own)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(own.certificate())) {
      Certificate[] chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(in)
              .toArray(Certificate[]::new);
      store.setKeyEntry("own", key(own.key()), new char[0], chain);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  private static PrivateKey key(Path pem) throws IOException, GeneralSecurityException {
    String text = Files.readString(pem).replaceAll("-----[A-Z ]+-----|\\s", "");
    return KeyFactory.getInstance("EC")
        .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
  }
}
