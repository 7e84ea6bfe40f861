package dev.caisson.gateway.admission;

import com.google.protobuf.Descriptors.Descriptor;
import dev.caisson.gateway.access.MethodRule;
import dev.caisson.gateway.files.DocumentException;
import dev.caisson.gateway.files.YamlDocument;
import dev.caisson.gateway.names.Tenants;
import dev.caisson.proto.executor.v1.TenantQuota;
import dev.caisson.proto.v1.PolicyFinding;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a policy file: YAML, {@code docs/policies/README.md}. All that is wrong with it is said at
 * once, examples that do not come out as they say included. One for each reading.
 */
final class PolicyDocument {
  /** A request of an example is some eight levels below its policy. */
  private static final int MAX_DEPTH = 24;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  private static final Set<String> FIELDS =
      Set.of("name", "calls", "tenants", "when", "set", "require", "action", "message", "examples");

  private static final Set<String> QUOTA =
      Set.of(
          "tenants",
          "requests",
          "burst",
          "streams",
          "execs",
          "sandboxes",
          "containers",
          "memory",
          "cpu");

  private static final String UNITS = "KMGT";
  private static final Pattern MEMORY =
      Pattern.compile("([1-9]\\d{0,17})([" + UNITS + "]?)", Pattern.CASE_INSENSITIVE);
  private static final Function<String, OptionalLong> BYTES = PolicyDocument::bytes;
  private static final Function<String, OptionalLong> CPUS = PolicyDocument::cpuMillis;

  /** Thousandths at most, and not none. */
  private static final Pattern CPU = Pattern.compile("(?=.*[1-9])\\d{1,6}(\\.\\d{1,3})?");

  private static final Map<String, PolicyFinding.Action> ACTIONS =
      Map.of("deny", PolicyFinding.Action.DENY, "warn", PolicyFinding.Action.WARN);

  private final YamlDocument document = new YamlDocument("policy file", MAX_DEPTH);
  private final SortedMap<String, Set<Descriptor>> requests = new TreeMap<>();
  private final Set<String> names = new HashSet<>();

  private PolicyDocument(Collection<MethodRule> rules) {
    for (MethodRule rule : rules) {
      requests
          .computeIfAbsent(rule.permission(), permission -> new LinkedHashSet<>())
          .add(rule.subjectType());
    }
  }

  /**
   * Reads one.
   *
   * @param name of the file, for what is wrong
   * @param rules of the methods that policies may be about
   * @throws DocumentException that says all that is wrong
   */
  static Policies read(String name, String text, Collection<MethodRule> rules)
      throws DocumentException {
    PolicyDocument reading = new PolicyDocument(rules);
    Policies policies = reading.read(text);
    reading.document.requireSound(name);
    return policies;
  }

  private Policies read(String text) {
    Map<String, @Nullable Object> all =
        document.map("the file", document.parsed(text), Set.of("policies", "quotas"));
    if (document.isSound() && all.isEmpty()) {
      document.problem("the file must have policies or quotas, [] for none");
    }
    List<?> entries = document.list("policies", all.getOrDefault("policies", List.of()));
    List<Policy> policies = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      policies.add(policy("policies[" + i + "]", entries.get(i)));
    }
    return new Policies(policies, quotas(all.getOrDefault("quotas", List.of())));
  }

  private List<Quota> quotas(@Nullable Object value) {
    List<Quota> quotas = new ArrayList<>();
    List<?> entries = document.list("quotas", value);
    for (int i = 0; i < entries.size(); i++) {
      String at = "quotas[" + i + "]";
      Map<String, @Nullable Object> fields = document.map(at, entries.get(i), QUOTA);
      OptionalInt requests = number(at + ".requests", fields.get("requests"));
      OptionalInt burst = number(at + ".burst", fields.get("burst"));
      if (burst.isPresent() && requests.isEmpty()) {
        document.problem(at + ".burst must come with requests");
      }
      quotas.add(
          new Quota(
              document.tenants(at + ".tenants", fields.get("tenants")),
              requests,
              burst.orElse(requests.orElse(1)),
              number(at + ".streams", fields.get("streams")),
              number(at + ".execs", fields.get("execs")),
              living(at, fields)));
    }
    return quotas;
  }

  private TenantQuota living(String at, Map<String, @Nullable Object> fields) {
    TenantQuota.Builder living = TenantQuota.newBuilder();
    number(at + ".sandboxes", fields.get("sandboxes")).ifPresent(living::setSandboxes);
    number(at + ".containers", fields.get("containers")).ifPresent(living::setContainers);
    amount(at + ".memory", fields.get("memory"), BYTES, "bytes, as in 512M or 16G")
        .ifPresent(living::setMemoryBytes);
    amount(at + ".cpu", fields.get("cpu"), CPUS, "CPUs, as in 4 or 0.5")
        .ifPresent(living::setCpuMillis);
    return living.build();
  }

  private OptionalLong amount(
      String at, @Nullable Object value, Function<String, OptionalLong> reading, String words) {
    if (value == null) {
      return OptionalLong.empty();
    }
    OptionalLong amount = reading.apply(value.toString());
    if (amount.isEmpty()) {
      document.problem(at + " must be a number of " + words + ": " + value);
    }
    return amount;
  }

  private static OptionalLong bytes(String text) {
    Matcher matcher = MEMORY.matcher(text);
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    String unit = matcher.group(2).toUpperCase(Locale.ROOT);
    int shift = unit.isEmpty() ? 0 : 10 * (UNITS.indexOf(unit) + 1);
    BigInteger bytes = new BigInteger(matcher.group(1)).shiftLeft(shift);
    return bytes.bitLength() < Long.SIZE
        ? OptionalLong.of(bytes.longValueExact())
        : OptionalLong.empty();
  }

  private static OptionalLong cpuMillis(String text) {
    return CPU.matcher(text).matches()
        ? OptionalLong.of(new BigDecimal(text).movePointRight(3).longValueExact())
        : OptionalLong.empty();
  }

  private OptionalInt number(String at, @Nullable Object value) {
    if (value instanceof Integer number && number > 0) {
      return OptionalInt.of(number);
    }
    if (value != null) {
      document.problem(at + " must be a number from 1 to " + Integer.MAX_VALUE + ": " + value);
    }
    return OptionalInt.empty();
  }

  private Policy policy(String at, @Nullable Object value) {
    Map<String, @Nullable Object> fields = document.map(at, value, FIELDS);
    Set<String> permissions = permissions(at + ".calls", fields.get("calls"));
    if (!fields.containsKey("require") && !fields.containsKey("set")) {
      document.problem(at + " must have require or set");
    }
    Policy policy =
        new Policy(
            name(at + ".name", fields.get("name")),
            permissions,
            fields.containsKey("tenants")
                ? document.tenants(at + ".tenants", fields.get("tenants"))
                : Tenants.ALL,
            action(at + ".action", fields.getOrDefault("action", "deny")),
            document.text(at + ".message", fields.get("message")),
            rules(at, permissions, fields));
    if (document.isSound() && fields.containsKey("examples")) {
      examples(at + ".examples", policy, fields.get("examples"));
    }
    return policy;
  }

  private String name(String at, @Nullable Object value) {
    String name = document.text(at, value);
    if (!name.isEmpty() && (!NAME.matcher(name).matches() || !names.add(name))) {
      document.problem(at + " must be of [a-z0-9-], and another's once: " + name);
    }
    return name;
  }

  private Set<String> permissions(String at, @Nullable Object value) {
    Set<String> permissions = document.texts(at, value);
    for (String permission : permissions) {
      if (!requests.containsKey(permission)) {
        document.problem(at + " must be of " + requests.keySet() + ": " + permission);
      }
    }
    return permissions;
  }

  private PolicyFinding.Action action(String at, @Nullable Object value) {
    PolicyFinding.Action action = ACTIONS.get(String.valueOf(value));
    if (action == null) {
      document.problem(at + " must be one of " + new TreeSet<>(ACTIONS.keySet()) + ": " + value);
    }
    return action == null ? PolicyFinding.Action.DENY : action;
  }

  /** One for each type of request: an expression must be right for all of them. */
  private Map<Descriptor, Policy.Rule> rules(
      String at, Set<String> permissions, Map<String, @Nullable Object> fields) {
    Map<Descriptor, Policy.Rule> rules = new HashMap<>();
    for (String permission : permissions) {
      for (Descriptor request : requests.getOrDefault(permission, Set.of())) {
        if (!rules.containsKey(request)) {
          rules.put(
              request,
              new Policy.Rule(
                  condition(at + ".when", fields, "when", request),
                  defaults(at + ".set", fields, request),
                  condition(at + ".require", fields, "require", request)));
        }
      }
    }
    return rules;
  }

  private Optional<Expression> condition(
      String at, Map<String, @Nullable Object> fields, String name, Descriptor request) {
    if (!fields.containsKey(name)) {
      return Optional.empty();
    }
    String text = document.text(at, fields.get(name));
    try {
      return text.isEmpty()
          ? Optional.empty()
          : Optional.of(Expression.compile(text, request, SimpleType.BOOL));
    } catch (CelValidationException e) {
      wrong(at, request, e);
      return Optional.empty();
    }
  }

  private List<Default> defaults(
      String at, Map<String, @Nullable Object> fields, Descriptor request) {
    List<Default> defaults = new ArrayList<>();
    if (!fields.containsKey("set")) {
      return defaults;
    }
    document
        .map(at, fields.get("set"), null)
        .forEach((field, value) -> {
          String each = at + "." + field;
          try {
            defaults.add(
                Default.compile(
                    field, value instanceof String text ? text : String.valueOf(value), request));
          } catch (IllegalArgumentException e) {
            document.problem(each + " " + e.getMessage());
          } catch (CelValidationException e) {
            wrong(each, request, e);
          }
        });
    return defaults;
  }

  private void wrong(String at, Descriptor request, CelValidationException e) {
    document.problem(
        at
            + " must be an expression about "
            + request.getFullName()
            + ": "
            + String.valueOf(e.getMessage()).strip().replace("\n", "\n    "));
  }

  private void examples(String at, Policy policy, @Nullable Object value) {
    List<?> entries = document.list(at, value);
    for (int i = 0; i < entries.size(); i++) {
      Example.check(document, at + "[" + i + "]", policy, requests, entries.get(i));
    }
  }
}
