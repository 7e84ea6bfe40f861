package dev.caisson.rpc;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The files with which a client knows a server, and is known: PEM.
 *
 * @param authorities who may sign the server's certificate; empty: those that the JDK trusts
 * @param certificate the client's own chain, if it has one
 * @param key of that certificate, PKCS #8 without a password
 */
public record ClientTls(
    Optional<Path> authorities, Optional<Path> certificate, Optional<Path> key) {
  public ClientTls {
    if (certificate.isPresent() != key.isPresent()) {
      throw new IllegalArgumentException("a certificate and its key must come together");
    }
  }

  /**
   * Reads them.
   *
   * @throws IOException that names the files, if one cannot be used
   */
  SslContext context() throws IOException {
    try {
      SslContextBuilder builder =
          GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK);
      authorities.ifPresent(file -> builder.trustManager(file.toFile()));
      certificate.ifPresent(file -> builder.keyManager(file.toFile(), key.orElseThrow().toFile()));
      return builder.build();
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          "The TLS files must be authorities, a certificate, and its private key in PKCS #8, all PEM: "
              + this
              + " ("
              + e.getMessage()
              + ")",
          e);
    }
  }

  @Override
  public String toString() {
    return String.join(
        ", ",
        java.util.stream.Stream.of(authorities, certificate, key)
            .flatMap(Optional::stream)
            .map(Path::toString)
            .toList());
  }
}
