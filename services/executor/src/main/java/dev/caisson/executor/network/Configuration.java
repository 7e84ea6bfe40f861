package dev.caisson.executor.network;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A network of the host, as its operator has configured it: plugins that are run one after the
 * other. Source: the CNI specification 1.1, section 1.
 *
 * @param version of the specification that the plugins are spoken to in
 * @param checked whether CHECK may be asked of its plugins
 * @param plugins as they are written; at least one
 */
record Configuration(String name, String version, boolean checked, List<JsonObject> plugins) {
  static final int MAX_PLUGINS = 16;

  /** Of one capability of CNI: config.md, "Well-known Capabilities". */
  static final String PORT_MAPPINGS = "portMappings";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

  /** Of a file in the directories of plugins, and nowhere else. */
  private static final Pattern TYPE = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");

  private static final Set<String> VERSIONS = Set.of("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

  /** Of which CHECK is a part. */
  private static final Set<String> WITHOUT_CHECK = Set.of("0.3.0", "0.3.1");

  Configuration {
    plugins = List.copyOf(plugins);
  }

  /**
   * Reads a file.
   *
   * @param list whether it is a list of plugins ({@code .conflist}), and not one plugin
   * @throws Json.Malformed if nothing can be done with it
   */
  static Configuration parse(String text, boolean list) throws Json.Malformed {
    JsonObject file = Json.object(text);
    String name = Json.text(file, "name");
    require(NAME.matcher(name).matches(), "its name is not 1 to 64 of A-Z a-z 0-9 _ . -");
    String version = Json.text(file, "cniVersion");
    require(
        VERSIONS.contains(version),
        "its cniVersion is none of " + String.join(", ", VERSIONS.stream().sorted().toList()));
    List<JsonObject> plugins =
        list ? Json.objects(file, "plugins", MAX_PLUGINS) : List.of(single(file));
    require(!plugins.isEmpty(), "it has no plugins");
    for (JsonObject plugin : plugins) {
      checkPlugin(plugin);
    }
    return new Configuration(name, version, checked(file, version), plugins);
  }

  private static boolean checked(JsonObject file, String version) throws Json.Malformed {
    return !WITHOUT_CHECK.contains(version) && !Json.flag(file, "disableCheck");
  }

  private static JsonObject single(JsonObject file) {
    JsonObject plugin = file.deepCopy();
    List.of("name", "cniVersion", "disableCheck").forEach(plugin::remove);
    return plugin;
  }

  private static void checkPlugin(JsonObject plugin) throws Json.Malformed {
    checkType(Json.text(plugin, "type"));
    Optional<JsonObject> ipam = Json.inner(plugin, "ipam");
    if (ipam.isPresent() && ipam.get().has("type")) {
      checkType(Json.text(ipam.get(), "type"));
    }
    var _ = Json.inner(plugin, "capabilities");
  }

  private static void checkType(String type) throws Json.Malformed {
    require(TYPE.matcher(type).matches(), "a plugin's type is not the name of a program");
  }

  private static void require(boolean holds, String otherwise) throws Json.Malformed {
    if (!holds) {
      throw new Json.Malformed(otherwise);
    }
  }

  static String type(JsonObject plugin) {
    return plugin.get("type").getAsString();
  }

  /** The programs that run for a plugin: itself, and the one that it lets give addresses. */
  static List<String> programs(JsonObject plugin) {
    JsonObject ipam = plugin.has("ipam") ? plugin.getAsJsonObject("ipam") : new JsonObject();
    return ipam.has("type")
        ? List.of(type(plugin), ipam.get("type").getAsString())
        : List.of(type(plugin));
  }

  static boolean has(JsonObject plugin, String capability) {
    JsonObject capabilities =
        plugin.has("capabilities") ? plugin.getAsJsonObject("capabilities") : new JsonObject();
    return capabilities.has(capability)
        && capabilities.get(capability).toString().toLowerCase(Locale.ROOT).equals("true");
  }

  /** Whether one of its plugins maps ports of the host. */
  boolean mapsPorts() {
    return plugins.stream().anyMatch(plugin -> has(plugin, PORT_MAPPINGS));
  }

  /** All of it, to be kept: {@link #parse} reads it as a list. */
  JsonObject json() {
    JsonObject json = new JsonObject();
    json.addProperty("name", name);
    json.addProperty("cniVersion", version);
    json.addProperty("disableCheck", !checked);
    JsonArray all = new JsonArray();
    plugins.forEach(all::add);
    json.add("plugins", all);
    return json;
  }
}
