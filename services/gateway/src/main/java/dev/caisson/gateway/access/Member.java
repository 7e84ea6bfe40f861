package dev.caisson.gateway.access;

import java.util.Set;

/**
 * Whom a binding is for: an identity word for word, or with {@code *} at its end all those that
 * begin like it.
 */
record Member(String text) {
  private static final String WILDCARD = "*";

  boolean isOneOf(Set<String> identities) {
    if (!text.endsWith(WILDCARD)) {
      return identities.contains(text);
    }
    String beginning = text.substring(0, text.length() - WILDCARD.length());
    return identities.stream().anyMatch(identity -> identity.startsWith(beginning));
  }
}
