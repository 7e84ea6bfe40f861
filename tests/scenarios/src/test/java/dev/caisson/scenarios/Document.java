package dev.caisson.scenarios;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.OciBundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A config.json in the making: what `caisson run` makes of a command, changed. */
final class Document {
  private static final Path TEMPLATE =
      Services.REPOSITORY.resolve("cli/src/main/resources/dev/caisson/cli/default-config.json");

  private final JsonObject config;
  private final Path bundle;

  Document(Path rootfs, String... args) {
    try {
      config = JsonParser.parseString(Files.readString(TEMPLATE)).getAsJsonObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    bundle = rootfs.getParent();
    JsonObject root = new JsonObject();
    root.addProperty("path", rootfs.toString());
    config.add("root", root);
    process().add("args", array(List.of(args)));
  }

  Document readonly() {
    config.getAsJsonObject("root").addProperty("readonly", true);
    return this;
  }

  Document cwd(String path) {
    process().addProperty("cwd", path);
    return this;
  }

  Document user(int uid, int gid) {
    JsonObject user = new JsonObject();
    user.addProperty("uid", uid);
    user.addProperty("gid", gid);
    process().add("user", user);
    return this;
  }

  Document terminal() {
    process().addProperty("terminal", true);
    return this;
  }

  Document rlimit(String type, long soft, long hard) {
    JsonObject limit = new JsonObject();
    limit.addProperty("type", type);
    limit.addProperty("soft", soft);
    limit.addProperty("hard", hard);
    JsonArray limits = new JsonArray();
    limits.add(limit);
    process().add("rlimits", limits);
    return this;
  }

  /** These and no others. */
  Document capabilities(String... names) {
    JsonObject sets = new JsonObject();
    for (String set : List.of("bounding", "effective", "permitted")) {
      sets.add(set, array(List.of(names)));
    }
    process().add("capabilities", sets);
    return this;
  }

  Document withoutMounts() {
    config.add("mounts", new JsonArray());
    config.getAsJsonObject("linux").remove("maskedPaths");
    config.getAsJsonObject("linux").remove("readonlyPaths");
    return this;
  }

  Document bind(Path source, String destination, String... options) {
    return mount(
        "bind",
        source,
        destination,
        Stream.concat(Stream.of(options), Stream.of("rbind")).toArray(String[]::new));
  }

  Document mount(String type, Path source, String destination, String... options) {
    JsonObject mount = new JsonObject();
    mount.addProperty("type", type);
    mount.addProperty("source", source.toString());
    mount.addProperty("destination", destination);
    mount.add("options", array(List.of(options)));
    config.getAsJsonArray("mounts").add(mount);
    return this;
  }

  Document withoutNamespace(String type) {
    JsonArray all = config.getAsJsonObject("linux").getAsJsonArray("namespaces");
    JsonArray others = new JsonArray();
    all.forEach(one -> {
      if (!one.getAsJsonObject().get("type").getAsString().equals(type)) {
        others.add(one);
      }
    });
    config.getAsJsonObject("linux").add("namespaces", others);
    return this;
  }

  Document joining(String type, String path) {
    withoutNamespace(type);
    JsonObject joined = new JsonObject();
    joined.addProperty("type", type);
    joined.addProperty("path", path);
    config.getAsJsonObject("linux").getAsJsonArray("namespaces").add(joined);
    return this;
  }

  /** Processes and threads. */
  Document pids(int limit) {
    JsonObject pids = new JsonObject();
    pids.addProperty("limit", limit);
    return resource("pids", pids);
  }

  /** Bytes. */
  Document memory(long limit) {
    JsonObject memory = new JsonObject();
    memory.addProperty("limit", limit);
    return resource("memory", memory);
  }

  /** Microseconds of CPU time in each period of 100 ms. */
  Document cpu(long quota) {
    JsonObject cpu = new JsonObject();
    cpu.addProperty("quota", quota);
    cpu.addProperty("period", 100_000);
    return resource("cpu", cpu);
  }

  private Document resource(String name, JsonObject limits) {
    JsonObject linux = config.getAsJsonObject("linux");
    if (!linux.has("resources")) {
      linux.add("resources", new JsonObject());
    }
    linux.getAsJsonObject("resources").add(name, limits);
    return this;
  }

  /** Its own. */
  Document cgroups() {
    JsonObject mount = new JsonObject();
    mount.addProperty("type", "cgroup");
    mount.addProperty("source", "cgroup");
    mount.addProperty("destination", "/sys/fs/cgroup");
    mount.add("options", array(List.of("ro", "nosuid", "nodev", "noexec")));
    config.getAsJsonArray("mounts").add(mount);
    return this;
  }

  Document poststart(String program) {
    JsonObject hook = new JsonObject();
    hook.addProperty("path", program);
    JsonArray all = new JsonArray();
    all.add(hook);
    JsonObject hooks = new JsonObject();
    hooks.add("poststart", all);
    config.add("hooks", hooks);
    return this;
  }

  /** This parameter of the kernel alone. */
  Document sysctl(String name, String value) {
    JsonObject all = new JsonObject();
    all.addProperty(name, value);
    config.getAsJsonObject("linux").add("sysctl", all);
    return this;
  }

  Document annotation(String key, String value) {
    if (!config.has("annotations")) {
      config.add("annotations", new JsonObject());
    }
    config.getAsJsonObject("annotations").addProperty(key, value);
    return this;
  }

  /** What it writes is in memory, and its own. */
  Document overMemory() {
    String rootfs = config.getAsJsonObject("root").get("path").getAsString();
    return annotation("dev.gvisor.spec.rootfs.source", rootfs)
        .annotation("dev.gvisor.spec.rootfs.type", "bind")
        .annotation("dev.gvisor.spec.rootfs.overlay", "memory");
  }

  private JsonObject process() {
    return config.getAsJsonObject("process");
  }

  private static JsonArray array(List<String> words) {
    JsonArray array = new JsonArray();
    words.forEach(array::add);
    return array;
  }

  Container container() {
    return Container.newBuilder()
        .setOci(
            OciBundle.newBuilder()
                .setConfigJson(ByteString.copyFromUtf8(config.toString()))
                .setBundle(bundle.toString()))
        .build();
  }
}
