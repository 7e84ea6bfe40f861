package dev.caisson.gateway.access;

import dev.caisson.proto.v1.Role;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All that a caller can be permitted, as the API's descriptors say, and what the built-in roles
 * have of it. Immutable.
 */
final class Permissions {

  private final SortedMap<String, Role> least = new TreeMap<>();

  /**
   * Of two methods with one permission the lesser role counts for both: they are told apart by
   * none.
   */
  Permissions(Collection<MethodRule> rules) {
    for (MethodRule rule : rules) {
      least.merge(
          rule.permission(), rule.role(), (one, other) -> one.compareTo(other) < 0 ? one : other);
    }
  }

  /** All of them. */
  SortedSet<String> all() {
    return new TreeSet<>(least.keySet());
  }

  /** What a built-in role has. */
  SortedSet<String> of(Role role) {
    SortedSet<String> all = new TreeSet<>();
    for (Map.Entry<String, Role> one : least.entrySet()) {
      if (one.getValue().compareTo(role) <= 0) {
        all.add(one.getKey());
      }
    }
    return all;
  }

  /**
   * Those which a word of a role stands for: itself, or with {@code containers.*} several; none
   * where there are none.
   */
  SortedSet<String> matching(String word) {
    SortedSet<String> found = new TreeSet<>();
    String beginning = word.endsWith(".*") ? word.substring(0, word.length() - 1) : "";
    for (String permission : least.keySet()) {
      if (permission.equals(word) || (!beginning.isEmpty() && permission.startsWith(beginning))) {
        found.add(permission);
      }
    }
    return found;
  }
}
