package dev.caisson.gateway.access;

import dev.caisson.gateway.names.Ids;
import dev.caisson.proto.v1.Role;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads an access file: YAML, {@code docs/access.md}. All that is wrong with it is said at once.
 * One for each reading.
 */
final class AccessDocument {
  /** Of the file, in bytes. */
  static final int MAX_SIZE = 1 << 20;

  private static final Pattern ROLE_NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  private static final Pattern PREFIX = Pattern.compile("[a-z][a-z0-9-]{0,30}:");
  private static final Set<String> TAKEN =
      Set.of("uid:", "user:", "unix:", "unix-group:", "spiffe:", "x509:", "group:");

  /** What an issuer must say, and what it may. */
  private static final Set<String> ISSUER =
      Set.of("issuer", "keys", "authorities", "audience", "prefix", "principal", "groups");

  private static final Pattern KEYS = Pattern.compile("https://\\S{1,2000}|/\\S{1,2000}");

  /** Of a token: {@code id:ada}, {@code group:id:platform}. */
  private static final Pattern BEARER =
      Pattern.compile("(?:group:)?([a-z][a-z0-9-]{0,30}:)[^*]{1,200}");

  /**
   * {@code uid:1000}, {@code user:ada}, {@code unix-group:staff}, {@code unix:*}, {@code
   * spiffe://example.org/ci/*}, {@code x509:CN=ada,O=Example}.
   */
  private static final Pattern MEMBER =
      Pattern.compile(
          "uid:[0-9]{1,10}|user:[^*:]{1,64}|unix-group:[^*:]{1,64}|unix:\\*"
              + "|spiffe://[^/*]{1,255}/([^*]{0,2000}/)?([^*/]+|\\*)|x509:[^*]{1,1024}");

  private final Permissions permissions;
  private final List<String> problems = new ArrayList<>();
  private final Map<String, SortedSet<String>> roles = new HashMap<>();
  private final Set<String> prefixes = new HashSet<>();

  private AccessDocument(Permissions permissions) {
    this.permissions = permissions;
  }

  /**
   * Reads one.
   *
   * @param name of the file, for what is wrong
   * @throws AccessException that says all that is wrong
   */
  static Access read(String name, String text, Permissions permissions) throws AccessException {
    AccessDocument document = new AccessDocument(permissions);
    Access access = document.read(text);
    if (!document.problems.isEmpty()) {
      throw new AccessException(name, document.problems);
    }
    return access;
  }

  private Access read(String text) {
    Map<String, @Nullable Object> all =
        map("the file", parsed(text), Set.of("issuers", "roles", "bindings"));
    for (Role role : List.of(Role.VIEWER, Role.OPERATOR, Role.ADMIN)) {
      roles.put(word(role), permissions.of(role));
    }
    readRoles(all.get("roles"));
    List<Issuer> issuers = issuers(all.get("issuers"));
    List<Binding> bindings = new ArrayList<>();
    if (!all.containsKey("bindings")) {
      problems.add("bindings must be there: without one, nobody may call");
    }
    List<?> entries = list("bindings", all.getOrDefault("bindings", List.of()));
    for (int i = 0; i < entries.size(); i++) {
      bindings.add(binding("bindings[" + i + "]", entries.get(i)));
    }
    return new Access(issuers, bindings);
  }

  private List<Issuer> issuers(@Nullable Object value) {
    List<Issuer> issuers = new ArrayList<>();
    List<?> entries = value == null ? List.of() : list("issuers", value);
    for (int i = 0; i < entries.size(); i++) {
      Issuer issuer = issuer("issuers[" + i + "]", entries.get(i));
      if (issuers.stream().anyMatch(other -> other.issuer().equals(issuer.issuer()))) {
        problems.add("issuers[" + i + "].issuer must be there once: " + issuer.issuer());
      }
      issuers.add(issuer);
    }
    return issuers;
  }

  private Issuer issuer(String at, @Nullable Object value) {
    Map<String, @Nullable Object> fields = map(at, value, ISSUER);
    Issuer issuer =
        new Issuer(
            text(at + ".issuer", fields.get("issuer")),
            text(at + ".keys", fields.get("keys")),
            fields.containsKey("authorities")
                ? text(at + ".authorities", fields.get("authorities"))
                : "",
            text(at + ".audience", fields.get("audience")),
            text(at + ".prefix", fields.get("prefix")),
            fields.containsKey("principal")
                ? text(at + ".principal", fields.get("principal"))
                : "sub",
            fields.containsKey("groups") ? text(at + ".groups", fields.get("groups")) : "");
    if (!issuer.keys().isEmpty() && !KEYS.matcher(issuer.keys()).matches()) {
      problems.add(at + ".keys must be an https URL or a file, as a whole path: " + issuer.keys());
    }
    String prefix = issuer.prefix();
    boolean sound = PREFIX.matcher(prefix).matches() && !TAKEN.contains(prefix);
    if (!prefix.isEmpty() && (!sound || !prefixes.add(prefix))) {
      problems.add(
          at
              + ".prefix must be a word and a colon, none of "
              + new TreeSet<>(TAKEN)
              + ", and its own: "
              + prefix);
    }
    return issuer;
  }

  private String text(String at, @Nullable Object value) {
    if (value instanceof String text && !text.isBlank()) {
      return text;
    }
    problems.add(at + " must be a text: " + value);
    return "";
  }

  private @Nullable Object parsed(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setMaxAliasesForCollections(0);
    options.setNestingDepthLimit(8);
    options.setCodePointLimit(MAX_SIZE);
    try {
      return new Yaml(new SafeConstructor(options)).load(text);
    } catch (YAMLException e) {
      problems.add("the file must be YAML: " + String.valueOf(e.getMessage()).replace("\n", " "));
      return Map.of("bindings", List.of());
    }
  }

  private static String word(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  private void readRoles(@Nullable Object value) {
    if (value == null) {
      return;
    }
    map("roles", value, null)
        .forEach((name, words) -> {
          String at = "roles." + name;
          if (!ROLE_NAME.matcher(name).matches() || roles.containsKey(name)) {
            problems.add(at + " must be of [a-z0-9-], and none of the built-in roles");
          }
          SortedSet<String> found = new TreeSet<>();
          for (String word : texts(at, words)) {
            SortedSet<String> matching = permissions.matching(word);
            if (matching.isEmpty()) {
              problems.add(at + " must be of " + permissions.all() + ": " + word);
            }
            found.addAll(matching);
          }
          roles.put(name, found);
        });
  }

  private Binding binding(String at, @Nullable Object value) {
    Map<String, @Nullable Object> fields = map(at, value, Set.of("role", "tenants", "members"));
    Set<String> tenants = texts(at + ".tenants", fields.get("tenants"));
    for (String tenant : tenants) {
      if (!tenant.equals(Binding.EVERY) && !Ids.isId(tenant)) {
        problems.add(at + ".tenants must be ids of tenants, or \"*\": " + tenant);
      }
    }
    Set<Member> members = new LinkedHashSet<>();
    for (String member : texts(at + ".members", fields.get("members"))) {
      if (!isMember(member)) {
        problems.add(
            at
                + ".members must be uid:, user:, unix-group:, unix:*, spiffe:// or x509:, with * only at the end of"
                + " spiffe://…/, or have the prefix of an issuer: "
                + member);
      }
      members.add(new Member(member));
    }
    return new Binding(role(at + ".role", fields.get("role")), tenants, members);
  }

  private boolean isMember(String text) {
    Matcher bearer = BEARER.matcher(text);
    return MEMBER.matcher(text).matches()
        || (bearer.matches() && prefixes.contains(bearer.group(1)));
  }

  private Set<String> role(String at, @Nullable Object value) {
    SortedSet<String> permitted = roles.get(String.valueOf(value));
    if (permitted == null) {
      problems.add(at + " must be one of " + new TreeSet<>(roles.keySet()) + ": " + value);
    }
    return permitted == null ? Set.of() : permitted;
  }

  /** Of one or more texts. */
  private Set<String> texts(String at, @Nullable Object value) {
    Set<String> texts = new LinkedHashSet<>();
    for (Object one : list(at, value)) {
      if (one instanceof String text && !text.isBlank()) {
        texts.add(text);
      } else {
        problems.add(at + " must be texts, in quotes where YAML reads them otherwise: " + one);
      }
    }
    if (texts.isEmpty()) {
      problems.add(at + " must have at least one entry");
    }
    return texts;
  }

  private List<?> list(String at, @Nullable Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    problems.add(at + " must be a list: " + value);
    return List.of();
  }

  private Map<String, @Nullable Object> map(
      String at, @Nullable Object value, @Nullable Set<String> known) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    if (!(value instanceof Map<?, ?> given)) {
      problems.add(at + " must be a mapping: " + value);
      return map;
    }
    given.forEach((key, one) -> {
      String name = String.valueOf(key);
      if (known != null && !known.contains(name)) {
        problems.add(at + " must have only " + new TreeSet<>(known) + ": " + name);
      }
      map.put(name, one);
    });
    return map;
  }
}
