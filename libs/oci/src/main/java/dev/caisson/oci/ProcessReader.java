package dev.caisson.oci;

import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Rlimit;
import dev.caisson.proto.types.v1.User;
import java.util.List;
import java.util.OptionalLong;

/** The process. Source: runtime-spec config.md, "Process". */
final class ProcessReader {
  private final JsonObject json;
  private final Process.Builder process = Process.newBuilder();

  private ProcessReader(JsonObject json) {
    this.json = json;
  }

  static Process read(JsonObject json) {
    return new ProcessReader(json).read();
  }

  private Process read() {
    process
        .addAllArgs(args())
        .addAllEnv(json.strings("env"))
        .setCwd(cwd())
        .setApparmorProfile(json.string("apparmorProfile"))
        .setSelinuxLabel(json.string("selinuxLabel"))
        .setTerminal(json.bool("terminal"))
        .setNoNewPrivileges(json.bool("noNewPrivileges"))
        .addAllRlimits(json.objects("rlimits").stream().map(ProcessReader::rlimit).toList());
    json.object("user").ifPresent(this::user);
    json.object("capabilities").ifPresent(sets -> process.setCapabilities(capabilities(sets)));
    json.object("consoleSize").ifPresent(this::consoleSize);
    json.integer("oomScoreAdj", -1000, 1000).ifPresent(process::setOomScoreAdj);
    SchedulingReader.read(json, process);
    refuseTheRest();
    return process.build();
  }

  private void refuseTheRest() {
    json.refuse("commandLine", "it is for Windows; use process.args");
    json.finish();
  }

  private List<String> args() {
    List<String> args = json.strings("args");
    if (args.isEmpty()) {
      throw json.invalid("args", "have at least one entry", args);
    }
    return args;
  }

  private String cwd() {
    String cwd = json.string("cwd");
    if (!cwd.startsWith("/")) {
      throw json.invalid("cwd", "be an absolute path in the container", cwd);
    }
    return cwd;
  }

  private void user(JsonObject user) {
    User.Builder made =
        User.newBuilder().setUid(user.unsignedInt("uid")).setGid(user.unsignedInt("gid"));
    made.addAllAdditionalGids(user.unsignedInts("additionalGids"));
    user.integer("umask", 0, 0777).ifPresent(process::setUmask);
    user.refuse("username", "it is for Windows; use process.user.uid");
    user.finish();
    process.setUser(made);
  }

  private static Capabilities capabilities(JsonObject sets) {
    List<String> inheritable = sets.strings("inheritable");
    List<String> ambient = sets.strings("ambient");
    if (!inheritable.containsAll(ambient)) {
      // capabilities(7): none is ambient that is not inheritable. Tools list such ones all the
      // same.
      List<String> dropped = ambient.stream().filter(one -> !inheritable.contains(one)).toList();
      sets.ignore(
          "ambient", "was reduced to what is inheritable, without " + String.join(" ", dropped));
      ambient = ambient.stream().filter(inheritable::contains).toList();
    }
    Capabilities made =
        Capabilities.newBuilder()
            .addAllBounding(sets.strings("bounding"))
            .addAllEffective(sets.strings("effective"))
            .addAllInheritable(inheritable)
            .addAllPermitted(sets.strings("permitted"))
            .addAllAmbient(ambient)
            .build();
    sets.finish();
    return made;
  }

  /** A side of nothing stands for a size that is not known: none is set then. */
  private void consoleSize(JsonObject size) {
    int height = size.integer("height", 0, 65_535).orElse(0);
    int width = size.integer("width", 0, 65_535).orElse(0);
    size.finish();
    if (height > 0 && width > 0) {
      process.setConsoleSize(ConsoleSize.newBuilder().setHeight(height).setWidth(width));
    }
  }

  private static Rlimit rlimit(JsonObject limit) {
    OptionalLong soft = limit.unsigned("soft");
    OptionalLong hard = limit.unsigned("hard");
    String type = limit.string("type");
    if (type.isEmpty() || soft.isEmpty() || hard.isEmpty()) {
      throw limit.invalid("type", "be present, with soft and hard", type);
    }
    if (Long.compareUnsigned(soft.getAsLong(), hard.getAsLong()) > 0) {
      throw limit.invalid("soft", "be at most hard", Long.toUnsignedString(soft.getAsLong()));
    }
    limit.finish();
    return Rlimit.newBuilder()
        .setType(type)
        .setSoft(soft.getAsLong())
        .setHard(hard.getAsLong())
        .build();
  }
}
