package dev.caisson.executor.network;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.caisson.proto.types.v1.PortMapping;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * That a sandbox is joined to a network, or is about to be: all that is needed to take it out
 * again, whatever has become of the configuration.
 *
 * @param runtime what the sandbox asks of plugins that can do it, by capability
 * @param result of the last plugin that has succeeded
 */
record Attachment(Configuration network, JsonObject runtime, Optional<JsonObject> result) {
  /** Of CNI 0.4.0. */
  private static final List<String> WITHOUT_RESULT_AT_END = List.of("0.3.0", "0.3.1");

  private static final String RUNTIME = "runtimeConfig";
  private static final String PREVIOUS = "prevResult";
  private static final String NETWORK = "network";
  private static final String RESULT = "result";

  /** What a plugin is asked to do: CNI, section 2. */
  enum Command {
    ADD,
    CHECK,
    DEL
  }

  /** Before anything was done. */
  static Attachment begin(Configuration network, List<PortMapping> ports) {
    JsonObject runtime = new JsonObject();
    if (!ports.isEmpty()) {
      runtime.add(Configuration.PORT_MAPPINGS, mappings(ports));
    }
    return new Attachment(network, runtime, Optional.empty());
  }

  private static JsonArray mappings(List<PortMapping> ports) {
    JsonArray mappings = new JsonArray();
    for (PortMapping port : ports) {
      JsonObject mapping = new JsonObject();
      mapping.addProperty("hostPort", port.getHostPort());
      mapping.addProperty("containerPort", port.getContainerPort());
      mapping.addProperty("protocol", port.getProtocol().name().toLowerCase(Locale.ROOT));
      if (!port.getHostIp().isEmpty()) {
        mapping.addProperty("hostIP", port.getHostIp());
      }
      mappings.add(mapping);
    }
    return mappings;
  }

  Attachment with(JsonObject next) {
    return new Attachment(network, runtime, Optional.of(next));
  }

  /** What a plugin reads: its part of the configuration, and what it needs to know beside. */
  String input(JsonObject plugin, Command command) {
    JsonObject input = plugin.deepCopy();
    input.addProperty("name", network.name());
    input.addProperty("cniVersion", network.version());
    List.of("capabilities", RUNTIME, PREVIOUS).forEach(input::remove);
    JsonObject asked = new JsonObject();
    runtime
        .asMap()
        .forEach((capability, value) -> {
          if (Configuration.has(plugin, capability)) {
            asked.add(capability, value);
          }
        });
    if (!asked.isEmpty()) {
      input.add(RUNTIME, asked);
    }
    if (command != Command.DEL || !WITHOUT_RESULT_AT_END.contains(network.version())) {
      result.ifPresent(previous -> input.add(PREVIOUS, previous));
    }
    return input.toString();
  }

  String text() {
    JsonObject json = new JsonObject();
    json.add(NETWORK, network.json());
    json.add(RUNTIME, runtime);
    result.ifPresent(present -> json.add(RESULT, present));
    return json.toString();
  }

  static Attachment parse(String text) throws Json.Malformed {
    JsonObject json = Json.object(text);
    JsonObject network = Json.inner(json, NETWORK).orElseGet(JsonObject::new);
    return new Attachment(
        Configuration.parse(network.toString(), true),
        Json.inner(json, RUNTIME).orElseGet(JsonObject::new),
        Json.inner(json, RESULT));
  }
}
