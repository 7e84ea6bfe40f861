package dev.caisson.client;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a gateway listens.
 *
 * @param host a name or an address, that of version 6 without brackets
 * @param port 1 to 65535
 */
public record Address(String host, int port) {
  /** RFC 3986, 3.2.2: a name, or an address of either version. */
  private static final Pattern FORM =
      Pattern.compile("([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):(\\d{1,5})");

  private static final int MAX_PORT = 65_535;

  public Address {
    if (port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException("port must be 1 to " + MAX_PORT + ": " + port);
    }
  }

  /**
   * Reads {@code host:port} or {@code [2001:db8::1]:port}.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public static Address parse(String text) {
    return parsed(text)
        .orElseThrow(() -> new IllegalArgumentException("address must be host:port: " + text));
  }

  /** Whether {@link #parse} takes it. */
  public static boolean isAddress(String text) {
    return parsed(text).isPresent();
  }

  private static Optional<Address> parsed(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      return Optional.empty();
    }
    int port = Integer.parseInt(parts.group(2));
    return port < 1 || port > MAX_PORT
        ? Optional.empty()
        : Optional.of(new Address(parts.group(1).replaceAll("[\\[\\]]", ""), port));
  }
}
