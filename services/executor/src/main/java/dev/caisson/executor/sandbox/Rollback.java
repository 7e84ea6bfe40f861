package dev.caisson.executor.sandbox;

import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What has to be undone if the rest does not succeed, newest first. Closing it without {@link #keep} undoes everything;
 * one undo that fails does not stop the others.
 */
final class Rollback implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Rollback.class.getName());

  private final Deque<Step> steps = new ArrayDeque<>();

  void onFailure(String what, Runnable undo) {
    steps.push(new Step(what, undo));
  }

  /** It has succeeded: nothing is undone any more. */
  void keep() {
    steps.clear();
  }

  @Override
  public void close() {
    while (!steps.isEmpty()) {
      Step step = steps.pop();
      try {
        step.undo().run();
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "Failed to undo: " + step.what(), e);
      }
    }
  }

  private record Step(String what, Runnable undo) {}
}
