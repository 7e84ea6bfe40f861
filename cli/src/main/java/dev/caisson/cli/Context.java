package dev.caisson.cli;

import dev.caisson.rpc.Channels;
import dev.caisson.rpc.ClientTls;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  /** RFC 3986, 3.2.2: a name, or an address of either version. */
  private static final Pattern ADDRESS =
      Pattern.compile("([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):(\\d{1,5})");

  private static final int MAX_PORT = 65_535;

  private static Optional<Matcher> parsed(String address) {
    Matcher parsed = ADDRESS.matcher(address);
    return Optional.of(parsed)
        .filter(Matcher::matches)
        .filter(one -> port(one) > 0 && port(one) <= MAX_PORT);
  }

  private static int port(Matcher parsed) {
    return Integer.parseInt(parsed.group(2));
  }

  static boolean isAddress(String text) {
    return parsed(text).isPresent();
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

  /** Connects with the first call. */
  ManagedChannel channel() {
    Matcher parsed =
        parsed(address)
            .orElseThrow(
                () -> new CliException("A context's address must be host:port: " + address));
    String host = parsed.group(1).replaceAll("[\\[\\]]", "");
    try {
      return Channels.tls(
          host, port(parsed), new ClientTls(path(authorities), path(certificate), path(key)));
    } catch (IOException e) {
      throw new CliException(
          String.valueOf(e.getMessage()), "`caisson context ls` shows the files");
    }
  }

  private static Optional<Path> path(@Nullable String file) {
    return Optional.ofNullable(file).map(Path::of);
  }
}
