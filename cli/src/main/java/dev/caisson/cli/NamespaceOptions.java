package dev.caisson.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say which namespaces are shared with others: linux.namespaces of config.json. */
final class NamespaceOptions {
  @Option(
      names = "--pid",
      paramLabel = "own|sandbox|PATH",
      description =
          "Whose processes it sees: its own (default), all of its sandbox's, or those of another container there.")
  @Nullable String pid;

  @Option(
      names = "--network",
      paramLabel = "none|host|cni[:NAME]|PATH",
      description =
          "Network of its sandbox: loopback alone (default), the host's where the guard allows that, one of the host's CNI configuration (without NAME the first that the guard allows), or a namespace to join.")
  @Nullable String network;

  @Option(
      names = "--publish",
      paramLabel = "[IP:]HOST:SANDBOX[/PROTO]",
      description =
          "With --network cni: a port of the host that leads to one of the sandbox, tcp (default), udp or sctp; repeatable.")
  List<String> published = new ArrayList<>();

  boolean any() {
    return pid != null || network != null;
  }

  void apply(JsonObject config) {
    if (pid != null) {
      replace(config, "pid", pid, "own", "sandbox");
    }
    if (network != null) {
      replace(config, "network", Networks.isCni(network) ? "none" : network, "none", "host");
    }
  }

  /** What is not listed is what whoever makes it has. */
  private static void replace(
      JsonObject config, String type, String value, String made, String outer) {
    JsonArray namespaces = others(SpecChanges.object(config, "linux"), type);
    if (!value.equals(outer)) {
      JsonObject namespace = new JsonObject();
      namespace.addProperty("type", type);
      if (!value.equals(made)) {
        namespace.addProperty("path", absolute(type, value, made, outer));
      }
      namespaces.add(namespace);
    }
    SpecChanges.object(config, "linux").add("namespaces", namespaces);
  }

  private static String absolute(String type, String value, String made, String outer) {
    if (!value.startsWith("/")) {
      throw CliException.usage(
          "--" + type + " must be " + made + ", " + outer + ", or an absolute path: " + value,
          "--" + type + " " + outer);
    }
    return value;
  }

  private static JsonArray others(JsonObject linux, String type) {
    JsonArray others = new JsonArray();
    if (linux.has("namespaces") && linux.get("namespaces").isJsonArray()) {
      for (JsonElement namespace : linux.getAsJsonArray("namespaces")) {
        if (!isOf(namespace, type)) {
          others.add(namespace);
        }
      }
    }
    return others;
  }

  private static boolean isOf(JsonElement namespace, String type) {
    return namespace.isJsonObject()
        && namespace.getAsJsonObject().has("type")
        && namespace.getAsJsonObject().get("type").isJsonPrimitive()
        && namespace.getAsJsonObject().get("type").getAsString().equals(type);
  }
}
