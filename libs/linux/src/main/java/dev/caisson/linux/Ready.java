package dev.caisson.linux;

import java.util.Set;

/**
 * A descriptor that needs attention.
 *
 * @param token what it was added with
 */
public record Ready(long token, Set<Interest> interests) {
  public Ready {
    interests = Set.copyOf(interests);
  }
}
