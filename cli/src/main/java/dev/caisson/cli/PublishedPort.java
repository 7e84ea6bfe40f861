package dev.caisson.cli;

import dev.caisson.proto.types.v1.PortMapping;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A port of the host that leads to one of a sandbox: {@code [IP:]HOST:SANDBOX[/tcp|udp|sctp]}. */
final class PublishedPort {
  private static final int MAX = 65_535;

  /** An address of IPv6 stands in brackets. */
  private static final Pattern FORM =
      Pattern.compile(
          "(?:(\\d+(?:\\.\\d+){3}|\\[[0-9A-Fa-f:.]+\\]):)?(\\d{1,5}):(\\d{1,5})(?:/(tcp|udp|sctp))?");

  private PublishedPort() {}

  static PortMapping parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw wrong(text);
    }
    PortMapping.Builder port =
        PortMapping.newBuilder()
            .setHostPort(number(matcher.group(2), text))
            .setContainerPort(number(matcher.group(3), text))
            .setProtocol(protocol(matcher.group(4)));
    if (matcher.group(1) != null) {
      port.setHostIp(matcher.group(1).replaceAll("[\\[\\]]", ""));
    }
    return port.build();
  }

  private static PortMapping.Protocol protocol(@org.jspecify.annotations.Nullable String word) {
    return word == null
        ? PortMapping.Protocol.TCP
        : PortMapping.Protocol.valueOf(word.toUpperCase(Locale.ROOT));
  }

  private static int number(String digits, String text) {
    int number = Integer.parseInt(digits);
    if (number < 1 || number > MAX) {
      throw wrong(text);
    }
    return number;
  }

  private static CliException wrong(String text) {
    return CliException.usage(
        "A published port must be [IP:]HOST:SANDBOX[/tcp|/udp|/sctp], as in 8080:80, each from 1 to"
            + " 65535: "
            + text);
  }
}
