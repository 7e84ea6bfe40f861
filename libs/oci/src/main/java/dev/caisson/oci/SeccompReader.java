package dev.caisson.oci;

import dev.caisson.proto.types.v1.Seccomp;
import java.util.List;

/** The system call filter. Source: runtime-spec config-linux.md, "Seccomp". */
final class SeccompReader {
  /** seccomp(2): errno values of a filter. */
  private static final long MAX_ERRNO = 4095;

  private SeccompReader() {}

  static Seccomp read(JsonObject json) {
    String action = json.string("defaultAction");
    if (action.isEmpty()) {
      throw json.invalid("defaultAction", "be present", action);
    }
    Seccomp.Builder seccomp =
        Seccomp.newBuilder()
            .setDefaultAction(action)
            .addAllArchitectures(json.strings("architectures"))
            .addAllFlags(json.strings("flags"))
            .addAllRules(json.objects("syscalls").stream().map(SeccompReader::rule).toList());
    json.integer("defaultErrnoRet", 0L, MAX_ERRNO)
        .ifPresent(errno -> seccomp.setDefaultErrno((int) errno));
    listener(json, seccomp);
    json.finish();
    return seccomp.build();
  }

  private static void listener(JsonObject json, Seccomp.Builder seccomp) {
    String path = json.string("listenerPath");
    String metadata = json.string("listenerMetadata");
    if (!path.isEmpty() && !path.startsWith("/")) {
      throw json.invalid("listenerPath", "be absolute", path);
    }
    if (path.isEmpty() && !metadata.isEmpty()) {
      throw json.invalid("listenerMetadata", "be absent without a listenerPath", metadata);
    }
    seccomp.setListenerPath(path).setListenerMetadata(metadata);
  }

  private static Seccomp.SyscallRule rule(JsonObject json) {
    List<String> names = json.strings("names");
    String action = json.string("action");
    if (names.isEmpty() || action.isEmpty()) {
      throw json.invalid("names", "have at least one entry, and action be present", names);
    }
    Seccomp.SyscallRule.Builder rule =
        Seccomp.SyscallRule.newBuilder()
            .addAllNames(names)
            .setAction(action)
            .addAllConditions(json.objects("args").stream().map(SeccompReader::condition).toList());
    json.integer("errnoRet", 0L, MAX_ERRNO).ifPresent(errno -> rule.setErrno((int) errno));
    // Engines leave their own conditions and comments in the rules that they have already resolved.
    json.ignore("comment", "has no effect: the rule holds as it stands");
    json.finish();
    return rule.build();
  }

  private static Seccomp.Condition condition(JsonObject json) {
    String op = json.string("op");
    if (op.isEmpty()) {
      throw json.invalid("op", "be a comparison", op);
    }
    Seccomp.Condition condition =
        Seccomp.Condition.newBuilder()
            .setIndex(json.integer("index", 0, 5).orElse(0))
            .setValue(json.unsigned("value").orElse(0))
            .setValueTwo(json.unsigned("valueTwo").orElse(0))
            .setOp(op)
            .build();
    json.finish();
    return condition;
  }
}
