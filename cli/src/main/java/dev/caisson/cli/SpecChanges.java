package dev.caisson.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.caisson.proto.types.v1.Resources;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options that change what config.json says. */
final class SpecChanges {
  @Option(
      names = {"-e", "--env"},
      paramLabel = "NAME=VALUE",
      description = "Set an environment variable; repeatable.")
  List<String> env = new ArrayList<>();

  @Option(names = "--cwd", paramLabel = "DIR", description = "Working directory in the container.")
  @Nullable String cwd;

  @Option(
      names = "--user",
      paramLabel = "UID[:GID]",
      description = "Numbers, as the container sees them.")
  @Nullable String user;

  @Option(names = "--hostname", paramLabel = "NAME", description = "Host name (default: the id).")
  @Nullable String hostname;

  @Option(
      names = "--hook",
      paramLabel = "KIND=PATH",
      description =
          "Run a program of the host's at createRuntime, poststart or poststop; it must be allowed there.")
  List<String> hooks = new ArrayList<>();

  @Option(
      names = "--volume",
      paramLabel = "NAME:DEST[:OPTION,…]",
      description =
          "Mount a volume that its sandbox keeps: data:/var/data, data:/in:ro, data:/logs:subpath=logs; repeatable.")
  List<String> volumes = new ArrayList<>();

  @Option(
      names = {"-t", "--tty"},
      description = "Give the program a terminal; ours passes its keys and its size on.")
  boolean tty;

  @Option(names = "--read-only", description = "The root file system cannot be written.")
  boolean readOnly;

  @Mixin NamespaceOptions namespaces = new NamespaceOptions();

  @Mixin LimitOptions limits = new LimitOptions();

  boolean any() {
    return namespaces.any()
        || !limits.limits().equals(Resources.getDefaultInstance())
        || cwd != null
        || user != null
        || hostname != null
        || readOnly
        || tty
        || !hooks.isEmpty()
        || !volumes.isEmpty()
        || !env.isEmpty();
  }

  void apply(JsonObject config, List<String> args) {
    if (!args.isEmpty()) {
      object(config, "process").add("args", array(args));
    }
    applyProcess(config);
    applyLimits(config);
    if (hostname != null) {
      config.addProperty("hostname", hostname);
    }
    if (readOnly) {
      object(config, "root").addProperty("readonly", true);
    }
    hooks.forEach(hook -> addHook(config, hook));
    namespaces.apply(config);
    volumes.forEach(volume -> append(config, "mounts", mount(volume)));
  }

  private void applyProcess(JsonObject config) {
    if (cwd != null) {
      object(config, "process").addProperty("cwd", cwd);
    }
    if (user != null) {
      object(config, "process").add("user", user(user));
    }
    env.forEach(entry -> append(object(config, "process"), "env", variable(entry)));
    if (tty) {
      applyTerminal(object(config, "process"));
    }
  }

  private void applyTerminal(JsonObject process) {
    process.addProperty("terminal", true);
    AttachedTerminal.kind(strings(process, "env"))
        .ifPresent(kind -> append(process, "env", new JsonPrimitive(kind)));
    LocalTerminal.size()
        .ifPresent(size -> {
          JsonObject sides = new JsonObject();
          sides.addProperty("height", size.getHeight());
          sides.addProperty("width", size.getWidth());
          process.add("consoleSize", sides);
        });
  }

  private static List<String> strings(JsonObject parent, String name) {
    List<String> strings = new ArrayList<>();
    if (parent.has(name) && parent.get(name).isJsonArray()) {
      parent.getAsJsonArray(name).forEach(element -> strings.add(element.getAsString()));
    }
    return strings;
  }

  private void applyLimits(JsonObject config) {
    Resources asked = limits.limits();
    if (!asked.equals(Resources.getDefaultInstance())) {
      LimitsDocument.put(object(object(config, "linux"), "resources"), asked);
    }
  }

  private static void addHook(JsonObject config, String hook) {
    int equals = hook.indexOf('=');
    if (equals <= 0 || equals == hook.length() - 1) {
      throw CliException.usage(
          "--hook must be KIND=PATH: " + hook, "--hook poststart=/usr/bin/notify");
    }
    JsonObject entry = new JsonObject();
    entry.addProperty("path", hook.substring(equals + 1));
    append(object(config, "hooks"), hook.substring(0, equals), entry);
  }

  private static JsonObject mount(String volume) {
    String[] parts = volume.split(":", 3);
    if (parts.length < 2 || parts[0].isEmpty() || !parts[1].startsWith("/")) {
      throw CliException.usage(
          "--volume must be NAME:DEST, or NAME:DEST:OPTION,…: " + volume,
          "--volume data:/var/data:ro, of a sandbox made with --volume data");
    }
    JsonObject mount = new JsonObject();
    mount.addProperty("type", "volume");
    mount.addProperty("source", parts[0]);
    mount.addProperty("destination", parts[1]);
    if (parts.length == 3) {
      mount.add("options", array(List.of(parts[2].split(",", -1))));
    }
    return mount;
  }

  private static JsonPrimitive variable(String entry) {
    if (entry.indexOf('=') <= 0) {
      throw CliException.usage("--env must be NAME=VALUE: " + entry);
    }
    return new JsonPrimitive(entry);
  }

  private static JsonObject user(String text) {
    if (!text.matches("[0-9]{1,10}(:[0-9]{1,10})?")) {
      throw CliException.usage("--user must be numbers, UID or UID:GID: " + text);
    }
    String[] ids = text.split(":", -1);
    JsonObject user = new JsonObject();
    user.addProperty("uid", Long.parseLong(ids[0]));
    user.addProperty("gid", Long.parseLong(ids[ids.length - 1]));
    return user;
  }

  static JsonObject object(JsonObject parent, String name) {
    if (!parent.has(name) || !parent.get(name).isJsonObject()) {
      parent.add(name, new JsonObject());
    }
    return parent.getAsJsonObject(name);
  }

  private static void append(JsonObject parent, String name, com.google.gson.JsonElement element) {
    if (!parent.has(name) || !parent.get(name).isJsonArray()) {
      parent.add(name, new JsonArray());
    }
    parent.getAsJsonArray(name).add(element);
  }

  private static JsonArray array(List<String> words) {
    JsonArray array = new JsonArray();
    words.forEach(array::add);
    return array;
  }
}
