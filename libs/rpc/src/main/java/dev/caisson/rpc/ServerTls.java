package dev.caisson.rpc;

import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * The files with which a server is known, and knows its callers: PEM, looked at again every minute.
 *
 * @param certificate the server's chain, its own certificate first
 * @param key its private key, PKCS #8 without a password
 * @param authorities who may sign callers' certificates
 * @param required whether a caller without one is not served
 */
public record ServerTls(Path certificate, Path key, Path authorities, boolean required) {

  private static final long REFRESH_MINUTES = 1;

  /**
   * Reads them for the first time.
   *
   * @param timer on which they are read again
   * @throws IOException that names the files, if one cannot be used
   */
  SslContext context(ScheduledExecutorService timer) throws IOException {
    return context(timer, builder -> GrpcSslContexts.configure(builder, SslProvider.JDK));
  }

  /** The same for HTTP/1.1. */
  public SslContext httpContext(ScheduledExecutorService timer) throws IOException {
    return context(timer, builder -> builder.sslProvider(SslProvider.JDK));
  }

  private SslContext context(
      ScheduledExecutorService timer, UnaryOperator<SslContextBuilder> protocol)
      throws IOException {
    try {
      AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
      var _ =
          keys.updateIdentityCredentials(
              certificate.toFile(), key.toFile(), REFRESH_MINUTES, TimeUnit.MINUTES, timer);
      AdvancedTlsX509TrustManager trust =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(
                  AdvancedTlsX509TrustManager.Verification.CERTIFICATE_ONLY_VERIFICATION)
              .build();
      var _ =
          trust.updateTrustCredentials(
              authorities.toFile(), REFRESH_MINUTES, TimeUnit.MINUTES, timer);
      return protocol
          .apply(SslContextBuilder.forServer(keys))
          .trustManager(trust)
          .clientAuth(required ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL)
          .build();
    } catch (GeneralSecurityException | IOException | RuntimeException e) {
      throw new IOException(
          "The TLS files must be a certificate, its private key in PKCS #8, and authorities, all PEM: "
              + certificate
              + ", "
              + key
              + ", "
              + authorities
              + " ("
              + e.getMessage()
              + ")",
          e);
    }
  }
}
