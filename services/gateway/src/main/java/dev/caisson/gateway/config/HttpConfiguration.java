package dev.caisson.gateway.config;

import io.micronaut.context.annotation.ConfigurationProperties;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings below {@code caisson.gateway.http}: the API over HTTP, docs/http.md.
 *
 * @param socket a Unix socket, with the mode and group of the gateway's own; absent: none
 * @param address of TLS, with the files below {@code caisson.gateway.tls}; absent: nowhere
 */
@ConfigurationProperties("caisson.gateway.http")
public record HttpConfiguration(Optional<String> socket, Optional<String> address) {

  public Optional<Path> socketPath() {
    return socket.map(Path::of);
  }

  /** Where it listens with TLS. */
  public Optional<InetSocketAddress> listen() {
    return address.map(text -> TlsConfiguration.parse("caisson.gateway.http.address", text));
  }
}
