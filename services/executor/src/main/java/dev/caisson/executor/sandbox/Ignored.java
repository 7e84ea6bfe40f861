package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Filter;
import dev.caisson.executor.plan.Plan;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.types.v1.IgnoredField;
import java.util.ArrayList;
import java.util.List;

/** What of a caller's document has no effect: what the gateway says, and what is found here. */
final class Ignored {
  /** Of the names in one reason; each is at most 64 bytes. */
  private static final int MAX_NAMES = 6;

  /** In characters, of a value. */
  private static final int MAX_SHOWN = 254;

  private Ignored() {}

  /** Where this executor's guard leaves it without effect. */
  static CreateContainerRequest cgroupsPath(CreateContainerRequest request) {
    String path = request.getSpec().getCgroupsPath();
    if (path.isEmpty()) {
      return request;
    }
    CreateContainerRequest.Builder without = request.toBuilder();
    without.getSpecBuilder().clearCgroupsPath();
    return without
        .addIgnored(
            IgnoredField.newBuilder()
                .setField("linux.cgroupsPath")
                .setWhy("has no effect: this host chooses the cgroup of a container")
                .setValue(shown(path)))
        .build();
  }

  /** As JSON, which needs no more escapes without control characters. */
  private static String shown(String path) {
    String plain = path.replaceAll("\\p{Cc}|\\p{Cf}|[\"\\\\\u2028\u2029]", "?");
    return '"' + plain.substring(0, Math.min(MAX_SHOWN, plain.length())) + '"';
  }

  static List<IgnoredField> of(CreateContainerRequest request, Plan plan) {
    List<IgnoredField> all = new ArrayList<>(request.getIgnoredList());
    plan.filter()
        .map(Filter::skipped)
        .filter(skipped -> request.getOwnFilter() && !skipped.isEmpty())
        .ifPresent(skipped -> all.add(skipped(skipped)));
    return all;
  }

  private static IgnoredField skipped(List<String> names) {
    String some = String.join(" ", names.subList(0, Math.min(MAX_NAMES, names.size())));
    String others = names.size() > MAX_NAMES ? " and " + (names.size() - MAX_NAMES) + " more" : "";
    return IgnoredField.newBuilder()
        .setField("linux.seccomp")
        .setWhy("has rules for what this host's libseccomp does not know: " + some + others)
        .build();
  }

  /** As the record has them: a value might be secret. */
  static List<IgnoredField> recorded(List<IgnoredField> fields) {
    return fields.stream().map(field -> field.toBuilder().clearValue().build()).toList();
  }
}
