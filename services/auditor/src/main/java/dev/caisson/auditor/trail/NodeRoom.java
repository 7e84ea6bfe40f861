package dev.caisson.auditor.trail;

import java.util.HashSet;
import java.util.Set;

/**
 * Room for what is kept of nodes. Whoever writes to the topic chooses their names: those that
 * somebody has enrolled always have room, and so many of the others. Thread-safe.
 */
final class NodeRoom {

  static final int MAX_OTHERS = 1_000;

  private final Set<String> others = new HashSet<>();

  /** Whether there is room for a node, which is taken then. */
  synchronized boolean admits(String node, Set<String> enrolled) {
    return enrolled.contains(node)
        || others.contains(node)
        || (others.size() < MAX_OTHERS && others.add(node));
  }
}
