package dev.caisson.backing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** A broker's directory and ports, whatever it runs in. */
final class BrokerPlace {

  private final Path data;
  private final List<Integer> ports = Ports.free(2);
  private boolean secured;

  BrokerPlace(Path data) {
    this.data = data.toAbsolutePath();
    try {
      Files.createDirectories(data);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to make " + data, e);
    }
  }

  /** Whose it is: user and group, as numbers. */
  String owner() {
    try {
      return Files.getAttribute(data, "unix:uid") + ":" + Files.getAttribute(data, "unix:gid");
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to look at " + data, e);
    }
  }

  Path data() {
    return data;
  }

  String address() {
    return "127.0.0.1:" + ports.getFirst();
  }

  String controllerAddress() {
    return "127.0.0.1:" + ports.getLast();
  }

  /** Lays settings of Kafka's broker above its own. */
  void settings(Properties settings) {
    try (Writer writer = Files.newBufferedWriter(settings())) {
      settings.store(writer, null);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to write " + settings(), e);
    }
    secured = true;
  }

  /** What the broker is told: {@code BrokerOptions} of services/broker. */
  List<String> arguments() {
    List<String> arguments = new ArrayList<>(List.of("--data", data.toString()));
    arguments.addAll(List.of("--port", ports.getFirst().toString()));
    arguments.addAll(List.of("--controller-port", ports.getLast().toString()));
    if (secured) {
      arguments.addAll(List.of("--settings", settings().toString()));
    }
    return arguments;
  }

  /** Forgets that it has been ready before. */
  void unready() {
    try {
      Files.deleteIfExists(ready());
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to remove " + ready(), e);
    }
  }

  /** The broker's own signal. */
  Path ready() {
    return data.resolve("ready");
  }

  private Path settings() {
    return data.resolve("settings.properties");
  }
}
