package dev.caisson.oci;

import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Hooks;
import java.util.List;

/** The hooks. Source: runtime-spec config.md, "POSIX-platform Hooks". */
final class HookReader {
  private HookReader() {}

  static Hooks read(JsonObject json) {
    Hooks hooks =
        Hooks.newBuilder()
            .addAllPrestart(hooks(json, "prestart"))
            .addAllCreateRuntime(hooks(json, "createRuntime"))
            .addAllCreateContainer(hooks(json, "createContainer"))
            .addAllStartContainer(hooks(json, "startContainer"))
            .addAllPoststart(hooks(json, "poststart"))
            .addAllPoststop(hooks(json, "poststop"))
            .build();
    json.finish();
    return hooks;
  }

  private static List<Hook> hooks(JsonObject json, String kind) {
    return json.objects(kind).stream().map(HookReader::hook).toList();
  }

  private static Hook hook(JsonObject json) {
    String path = json.string("path");
    if (!path.startsWith("/")) {
      throw json.invalid("path", "be an absolute path on the host", path);
    }
    Hook.Builder hook =
        Hook.newBuilder()
            .setPath(path)
            .addAllArgs(json.strings("args"))
            .addAllEnv(json.strings("env"));
    json.integer("timeout", 1, Integer.MAX_VALUE).ifPresent(hook::setTimeoutSeconds);
    json.finish();
    return hook.build();
  }
}
