package dev.caisson.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.caisson.model.Recent;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Seccomp;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The filter of containers that bring none: what container engines usually let pass. Which calls,
 * and why, is {@code seccomp-default.json}; some pass with a capability only. Thread-safe.
 */
public final class DefaultSeccomp {
  /** Sets of capabilities whose filter is kept; most containers have one of two. */
  static final int CAPACITY = 32;

  private static final JsonNode PROFILE = load();
  private static final Set<String> ASKED_FOR = capabilitiesAskedFor();
  private static final Recent<Set<String>, Seccomp> KNOWN = new Recent<>(CAPACITY);

  private DefaultSeccomp() {}

  /**
   * The specification with a filter: its own, else the default one, unless an annotation says
   * otherwise.
   *
   * @throws OciException when the annotation is wrong
   */
  public static ContainerSpec applied(ContainerSpec spec) {
    return switch (Annotations.seccomp(spec.getAnnotationsMap())) {
      case DEFAULT -> spec.toBuilder().setSeccomp(of(bounding(spec))).build();
      case UNCONFINED -> withoutFilter(spec);
      case UNSAID ->
          spec.hasSeccomp() ? spec : spec.toBuilder().setSeccomp(of(bounding(spec))).build();
    };
  }

  /** Whether that is the filter which the specification has. */
  public static boolean isIn(ContainerSpec spec) {
    return spec.hasSeccomp() && spec.getSeccomp().equals(of(bounding(spec)));
  }

  private static ContainerSpec withoutFilter(ContainerSpec spec) {
    if (spec.hasSeccomp()) {
      throw OciException.invalid(
          Annotations.field(Annotations.SECCOMP),
          "not be unconfined where there is a filter",
          "unconfined");
    }
    return spec;
  }

  private static List<String> bounding(ContainerSpec spec) {
    return spec.getProcess().getCapabilities().getBoundingList();
  }

  /**
   * The filter for processes with these capabilities in their bounding set. The same one for the
   * same set.
   */
  static Seccomp of(Collection<String> capabilities) {
    Set<String> held = new TreeSet<>(capabilities);
    held.retainAll(ASKED_FOR);
    return KNOWN.get(held, set -> make(set, machine()));
  }

  /** As Java calls it, which runs where the containers do. */
  private static String machine() {
    return System.getProperty("os.arch").toLowerCase(Locale.ROOT);
  }

  static Seccomp make(Set<String> held, String machine) {
    Seccomp.Builder seccomp =
        Seccomp.newBuilder()
            .setDefaultAction(PROFILE.required("defaultAction").textValue())
            .setDefaultErrno(PROFILE.required("defaultErrno").intValue())
            .addAllArchitectures(texts(PROFILE.required("architectures").path(machine)));
    Seccomp.SyscallRule.Builder plain = rule(List.of(), "SCMP_ACT_ALLOW");
    List<Seccomp.SyscallRule> denied = new ArrayList<>();
    List<Seccomp.SyscallRule> further = new ArrayList<>();
    for (JsonNode group : PROFILE.required("groups")) {
      if (!applies(group, held, machine)) {
        continue;
      }
      if (group.has("action")) {
        denied.add(rule(group));
      } else if (group.has("args")) {
        further.add(rule(group));
      } else {
        plain.addAllNames(texts(group.required("names")));
      }
    }
    // Of rules that contradict each other the first one holds.
    return seccomp.addAllRules(denied).addRules(plain).addAllRules(further).build();
  }

  private static boolean applies(JsonNode group, Set<String> held, String machine) {
    return held.containsAll(texts(group.path("capabilities")))
        && texts(group.path("withoutCapabilities")).stream().noneMatch(held::contains)
        && (!group.has("machines") || texts(group.required("machines")).contains(machine));
  }

  private static Seccomp.SyscallRule rule(JsonNode group) {
    Seccomp.SyscallRule.Builder rule =
        rule(texts(group.required("names")), group.path("action").asText("SCMP_ACT_ALLOW"));
    if (group.has("errno")) {
      rule.setErrno(group.required("errno").intValue());
    }
    for (JsonNode condition : group.path("args")) {
      rule.addConditions(
          Seccomp.Condition.newBuilder()
              .setIndex(condition.required("index").intValue())
              .setOp(condition.required("op").textValue())
              .setValue(condition.required("value").longValue())
              .setValueTwo(condition.path("valueTwo").longValue()));
    }
    return rule.build();
  }

  private static Seccomp.SyscallRule.Builder rule(List<String> names, String action) {
    return Seccomp.SyscallRule.newBuilder().addAllNames(names).setAction(action);
  }

  static Stream<JsonNode> groups() {
    return StreamSupport.stream(PROFILE.required("groups").spliterator(), false);
  }

  private static List<String> texts(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::textValue).toList();
  }

  private static Set<String> capabilitiesAskedFor() {
    Set<String> names = new TreeSet<>();
    groups()
        .forEach(group -> {
          names.addAll(texts(group.path("capabilities")));
          names.addAll(texts(group.path("withoutCapabilities")));
        });
    return names;
  }

  private static JsonNode load() {
    try (InputStream text =
        Objects.requireNonNull(DefaultSeccomp.class.getResourceAsStream("seccomp-default.json"))) {
      return JsonMapper.builder().build().readTree(text);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
