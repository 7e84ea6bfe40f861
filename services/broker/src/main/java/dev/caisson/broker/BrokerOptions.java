package dev.caisson.broker;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the broker is told.
 *
 * @param data a directory of its own; made when missing
 * @param host the address that it listens on and tells its clients
 * @param port for clients, 1 to 65,535
 * @param controllerPort for itself, on loopback, 1 to 65,535
 * @param settings a file of the broker's own settings, above those that it has here
 * @param readyFile written when clients can connect, and removed at the end
 */
record BrokerOptions(
    Path data, String host, int port, int controllerPort, Optional<Path> settings, Path readyFile) {

  static final String USAGE =
      """
      Usage: broker --data DIR [--host ADDRESS] [--port N] [--controller-port N] [--settings FILE] [--ready-file FILE]
        --data             where topics are kept; made when missing
        --host             address to listen on (default: 127.0.0.1)
        --port             port for clients (default: 19092)
        --controller-port  port for the broker itself, on 127.0.0.1 (default: the port after --port)
        --settings         a file of settings of Kafka's broker, above those that it has here: listeners, TLS, SASL, ACLs
        --ready-file       written when clients can connect (default: DIR/ready)
      """;

  private static final int DEFAULT_PORT = 19_092;
  private static final int MAX_PORT = 65_535;
  private static final Set<String> NAMES =
      Set.of("--data", "--host", "--port", "--controller-port", "--settings", "--ready-file");

  BrokerOptions {
    data = data.toAbsolutePath();
    requirePort("--port", port);
    requirePort("--controller-port", controllerPort);
    if (port == controllerPort) {
      throw new IllegalArgumentException("--controller-port must differ from --port: " + port);
    }
    if (!host.matches("[0-9A-Za-z.:-]+")) {
      throw new IllegalArgumentException("--host must be an address or a host name: " + host);
    }
  }

  static BrokerOptions parse(String[] args) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      if (!NAMES.contains(args[i])) {
        throw new IllegalArgumentException("Unknown option: " + args[i]);
      }
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " must have a value");
      }
      values.put(args[i], args[i + 1]);
    }
    if (!values.containsKey("--data")) {
      throw new IllegalArgumentException("--data must be given");
    }
    Path data = Path.of(values.getOrDefault("--data", ""));
    int port = number(values, "--port", DEFAULT_PORT);
    return new BrokerOptions(
        data,
        values.getOrDefault("--host", "127.0.0.1"),
        port,
        number(values, "--controller-port", port + 1),
        Optional.ofNullable(values.get("--settings")).map(Path::of),
        Path.of(values.getOrDefault("--ready-file", data.resolve("ready").toString())));
  }

  String address() {
    return host + ":" + port;
  }

  private static int number(Map<String, String> values, String name, int otherwise) {
    String value = values.get(name);
    try {
      return value == null ? otherwise : Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " must be a number: " + value, e);
    }
  }

  private static void requirePort(String name, int port) {
    if (port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException(name + " must be from 1 to 65535: " + port);
    }
  }
}
