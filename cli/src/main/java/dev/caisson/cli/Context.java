package dev.caisson.cli;

import dev.caisson.client.Address;
import dev.caisson.client.Caisson;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A gateway on another machine, and who one is to it.
 *
 * @param address {@code host:port}, {@code [2001:db8::1]:port}
 * @param tenant whose resources are meant where nothing else is said
 * @param authorities a file with those who may sign its certificate; null: whom Java trusts
 * @param certificate a file with one's own
 * @param key a file with that one's key
 * @param issuer of tokens, where one has logged in
 * @param clientId as that issuer knows this client
 */
record Context(
    String address,
    @Nullable String tenant,
    @Nullable String authorities,
    @Nullable String certificate,
    @Nullable String key,
    @Nullable String issuer,
    @Nullable String clientId) {

  static boolean isAddress(String text) {
    return Address.isAddress(text);
  }

  Context with(String otherIssuer, String otherClient) {
    return new Context(address, tenant, authorities, certificate, key, otherIssuer, otherClient);
  }

  /** Who renews tokens; empty: no login has named one. */
  Optional<TokenIssuer> issuerOfTokens() {
    return issuer == null || clientId == null
        ? Optional.empty()
        : Optional.of(new TokenIssuer(issuer, clientId));
  }

  /** One that connects there, as the files say. */
  Caisson.Builder client() {
    if (!isAddress(address)) {
      throw new CliException("A context's address must be host:port: " + address);
    }
    Caisson.Builder client = Caisson.builder().address(address);
    if (authorities != null) {
      client.authorities(Path.of(authorities));
    }
    if ((certificate == null) != (key == null)) {
      throw new CliException("A context's certificate and key must come together: " + address);
    }
    if (certificate != null && key != null) {
      client.certificate(Path.of(certificate), Path.of(key));
    }
    return client;
  }
}
