package dev.caisson.gateway.access;

import dev.caisson.gateway.files.DocumentException;
import dev.caisson.gateway.files.YamlDocument;
import dev.caisson.proto.v1.Role;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
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

/**
 * Reads an access file: YAML, {@code docs/access.md}. All that is wrong with it is said at once.
 * One for each reading.
 */
final class AccessDocument {
  private static final int MAX_DEPTH = 8;

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
  private final YamlDocument document = new YamlDocument("access file", MAX_DEPTH);
  private final Map<String, SortedSet<String>> roles = new HashMap<>();
  private final Set<String> prefixes = new HashSet<>();

  private AccessDocument(Permissions permissions) {
    this.permissions = permissions;
  }

  /**
   * Reads one.
   *
   * @param name of the file, for what is wrong
   * @throws DocumentException that says all that is wrong
   */
  static Access read(String name, String text, Permissions permissions) throws DocumentException {
    AccessDocument reading = new AccessDocument(permissions);
    Access access = reading.read(text);
    reading.document.requireSound(name);
    return access;
  }

  private Access read(String text) {
    Map<String, @Nullable Object> all =
        document.map("the file", document.parsed(text), Set.of("issuers", "roles", "bindings"));
    for (Role role : List.of(Role.VIEWER, Role.OPERATOR, Role.ADMIN)) {
      roles.put(word(role), permissions.of(role));
    }
    readRoles(all.get("roles"));
    List<Issuer> issuers = issuers(all.get("issuers"));
    List<Binding> bindings = new ArrayList<>();
    if (!all.containsKey("bindings")) {
      document.problem("bindings must be there: without one, nobody may call");
    }
    List<?> entries = document.list("bindings", all.getOrDefault("bindings", List.of()));
    for (int i = 0; i < entries.size(); i++) {
      bindings.add(binding("bindings[" + i + "]", entries.get(i)));
    }
    return new Access(issuers, bindings);
  }

  private List<Issuer> issuers(@Nullable Object value) {
    List<Issuer> issuers = new ArrayList<>();
    List<?> entries = value == null ? List.of() : document.list("issuers", value);
    for (int i = 0; i < entries.size(); i++) {
      Issuer issuer = issuer("issuers[" + i + "]", entries.get(i));
      if (issuers.stream().anyMatch(other -> other.issuer().equals(issuer.issuer()))) {
        document.problem("issuers[" + i + "].issuer must be there once: " + issuer.issuer());
      }
      issuers.add(issuer);
    }
    return issuers;
  }

  private Issuer issuer(String at, @Nullable Object value) {
    Map<String, @Nullable Object> fields = document.map(at, value, ISSUER);
    Issuer issuer =
        new Issuer(
            document.text(at + ".issuer", fields.get("issuer")),
            document.text(at + ".keys", fields.get("keys")),
            fields.containsKey("authorities")
                ? document.text(at + ".authorities", fields.get("authorities"))
                : "",
            document.text(at + ".audience", fields.get("audience")),
            document.text(at + ".prefix", fields.get("prefix")),
            fields.containsKey("principal")
                ? document.text(at + ".principal", fields.get("principal"))
                : "sub",
            fields.containsKey("groups")
                ? document.text(at + ".groups", fields.get("groups"))
                : "");
    if (!issuer.keys().isEmpty() && !KEYS.matcher(issuer.keys()).matches()) {
      document.problem(
          at + ".keys must be an https URL or a file, as a whole path: " + issuer.keys());
    }
    String prefix = issuer.prefix();
    boolean sound = PREFIX.matcher(prefix).matches() && !TAKEN.contains(prefix);
    if (!prefix.isEmpty() && (!sound || !prefixes.add(prefix))) {
      document.problem(
          at
              + ".prefix must be a word and a colon, none of "
              + new TreeSet<>(TAKEN)
              + ", and its own: "
              + prefix);
    }
    return issuer;
  }

  private static String word(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  private void readRoles(@Nullable Object value) {
    if (value == null) {
      return;
    }
    document
        .map("roles", value, null)
        .forEach((name, words) -> {
          String at = "roles." + name;
          if (!ROLE_NAME.matcher(name).matches() || roles.containsKey(name)) {
            document.problem(at + " must be of [a-z0-9-], and none of the built-in roles");
          }
          SortedSet<String> found = new TreeSet<>();
          for (String word : document.texts(at, words)) {
            SortedSet<String> matching = permissions.matching(word);
            if (matching.isEmpty()) {
              document.problem(at + " must be of " + permissions.all() + ": " + word);
            }
            found.addAll(matching);
          }
          roles.put(name, found);
        });
  }

  private Binding binding(String at, @Nullable Object value) {
    Map<String, @Nullable Object> fields =
        document.map(at, value, Set.of("role", "tenants", "members"));
    Set<Member> members = new LinkedHashSet<>();
    for (String member : document.texts(at + ".members", fields.get("members"))) {
      if (!isMember(member)) {
        document.problem(
            at
                + ".members must be uid:, user:, unix-group:, unix:*, spiffe:// or x509:, with * only at the end of"
                + " spiffe://…/, or have the prefix of an issuer: "
                + member);
      }
      members.add(new Member(member));
    }
    return new Binding(
        role(at + ".role", fields.get("role")),
        document.tenants(at + ".tenants", fields.get("tenants")),
        members);
  }

  private boolean isMember(String text) {
    Matcher bearer = BEARER.matcher(text);
    return MEMBER.matcher(text).matches()
        || (bearer.matches() && prefixes.contains(bearer.group(1)));
  }

  private Set<String> role(String at, @Nullable Object value) {
    SortedSet<String> permitted = roles.get(String.valueOf(value));
    if (permitted == null) {
      document.problem(at + " must be one of " + new TreeSet<>(roles.keySet()) + ": " + value);
    }
    return permitted == null ? Set.of() : permitted;
  }
}
