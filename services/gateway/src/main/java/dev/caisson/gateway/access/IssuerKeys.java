package dev.caisson.gateway.access;

import com.nimbusds.jose.jwk.JWKSet;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.text.ParseException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * The keys of one issuer, as they were read last. They are read again when they are five minutes
 * old, and when a token names one that is not among them, but not before ten seconds have passed.
 * Those that were read hold while they cannot be read again. Thread-safe.
 */
final class IssuerKeys {
  private static final Logger LOG = LoggerFactory.getLogger(IssuerKeys.class);

  private static final Duration OLD = Duration.ofMinutes(5);
  private static final Duration BETWEEN = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int MAX_SIZE = 1 << 20;

  private final Issuer issuer;
  private final Duration between;
  private final AtomicReference<@Nullable Reading> reading = new AtomicReference<>();

  IssuerKeys(Issuer issuer) {
    this(issuer, BETWEEN);
  }

  IssuerKeys(Issuer issuer, Duration between) {
    this.issuer = issuer;
    this.between = between;
  }

  /** One attempt, which all wait for who come meanwhile. */
  private static final class Reading {
    private final long began = System.nanoTime();
    private final Mono<JWKSet> keys;
    private volatile boolean failed;

    Reading(Mono<JWKSet> keys) {
      this.keys = keys.doOnError(_ -> failed = true).cache();
    }

    boolean holdsFor(Duration age, Duration failures) {
      return System.nanoTime() - began <= (failed ? failures : age).toNanos();
    }
  }

  /**
   * A set with that key, or without where the issuer has none.
   *
   * @param id of a key; empty: any will do
   */
  Mono<JWKSet> with(String id) {
    return newest(OLD)
        .flatMap(keys ->
            id.isEmpty() || keys.getKeyByKeyId(id) != null ? Mono.just(keys) : newest(between));
  }

  private Mono<JWKSet> newest(Duration oldest) {
    @Nullable Reading before = reading.get();
    if (before != null && before.holdsFor(oldest, between)) {
      return before.keys;
    }
    Mono<JWKSet> former = before == null ? Mono.empty() : before.keys.onErrorComplete();
    Reading next =
        new Reading(
            Mono.fromCallable(this::read)
                .subscribeOn(Schedulers.boundedElastic())
                .doOnError(this::warn)
                .onErrorResume(e -> former.switchIfEmpty(Mono.error(e))));
    return reading.compareAndSet(before, next) ? next.keys : newest(oldest);
  }

  private void warn(Throwable problem) {
    LOG.warn("The keys of {} cannot be read: {}", issuer.issuer(), problem.toString());
  }

  private JWKSet read()
      throws IOException, ParseException, GeneralSecurityException, InterruptedException {
    return JWKSet.parse(issuer.isFile() ? file() : url());
  }

  private String file() throws IOException {
    try (InputStream in = Files.newInputStream(Path.of(issuer.keys()))) {
      return bounded(in);
    }
  }

  private String url() throws IOException, GeneralSecurityException, InterruptedException {
    HttpClient.Builder builder =
        HttpClient.newBuilder().connectTimeout(PATIENCE).followRedirects(HttpClient.Redirect.NEVER);
    if (!issuer.authorities().isEmpty()) {
      builder.sslContext(trusting(Path.of(issuer.authorities())));
    }
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(issuer.keys())).timeout(PATIENCE).build();
    try (HttpClient client = builder.build()) {
      HttpResponse<InputStream> response =
          client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream body = response.body()) {
        if (response.statusCode() != 200) {
          throw new IOException(issuer.keys() + " answers " + response.statusCode());
        }
        return bounded(body);
      }
    }
  }

  private static String bounded(InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(MAX_SIZE + 1);
    if (bytes.length > MAX_SIZE) {
      throw new IOException("a JWK Set must be at most 1 MiB");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static SSLContext trusting(Path authorities)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(authorities)) {
      for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("authority-" + store.size(), one);
      }
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
