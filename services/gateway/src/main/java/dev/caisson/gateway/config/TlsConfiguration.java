package dev.caisson.gateway.config;

import dev.caisson.rpc.ServerTls;
import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Settings below {@code caisson.gateway.tls}: a second way in, for callers with certificates.
 *
 * @param address where it listens, as in {@code 0.0.0.0:7443}; absent: nowhere
 * @param certificate the gateway's, with its chain: PEM
 * @param key of it: PKCS #8, PEM
 * @param authorities who may sign callers' certificates: PEM
 * @param callers whether each must have one
 */
@ConfigurationProperties("caisson.gateway.tls")
public record TlsConfiguration(
    Optional<String> address,
    @Bindable(defaultValue = "") String certificate,
    @Bindable(defaultValue = "") String key,
    @Bindable(defaultValue = "") String authorities,
    @Bindable(defaultValue = "required") Callers callers) {
  private static final Pattern ADDRESS = Pattern.compile("(?:\\[(.+)]|([^:\\[\\]]+)):([0-9]{1,5})");
  private static final int MOST = 65_535;

  /** Who is served. */
  public enum Callers {
    /** With a certificate alone. */
    REQUIRED,
    /** With a token instead, too. */
    OPTIONAL
  }

  public TlsConfiguration {
    if (address.isPresent() && (certificate.isEmpty() || key.isEmpty() || authorities.isEmpty())) {
      throw new IllegalArgumentException(
          "caisson.gateway.tls.certificate, .key and .authorities must be given with .address");
    }
  }

  /** Where it listens. */
  public Optional<InetSocketAddress> listen() {
    return address.map(text -> parse("caisson.gateway.tls.address", text));
  }

  static InetSocketAddress parse(String setting, String text) {
    Matcher matcher = ADDRESS.matcher(text);
    int port = matcher.matches() ? Integer.parseInt(matcher.group(3)) : MOST + 1;
    if (port > MOST) {
      throw new IllegalArgumentException(
          setting + " must be HOST:PORT, as in 0.0.0.0:7443: " + text);
    }
    return new InetSocketAddress(
        matcher.group(1) == null ? matcher.group(2) : matcher.group(1), port);
  }

  public ServerTls files() {
    return new ServerTls(
        Path.of(certificate), Path.of(key), Path.of(authorities), callers == Callers.REQUIRED);
  }
}
