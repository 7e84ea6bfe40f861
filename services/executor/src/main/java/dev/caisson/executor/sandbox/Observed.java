package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Shortages;
import dev.caisson.proto.types.v1.Pressure;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * What was seen of a cgroup last. Used by one thread at a time, which holds its monitor; new in
 * each life of the executor.
 */
final class Observed {
  private long cpuNanos = -1;
  private long kills;
  private long refusals;
  private long outOfMemory;
  private long outOfMemoryAbove;
  private OptionalLong nextRefusals = OptionalLong.empty();
  private OptionalLong windowBegan = OptionalLong.empty();
  private OptionalLong nextPressure = OptionalLong.empty();
  private Pressure stalls = Pressure.getDefaultInstance();
  private boolean failing;
  private boolean ended;

  /** Whether it has used CPU time since this was asked last, or for the first time. */
  boolean ran(long nanos) {
    boolean ran = nanos != cpuNanos;
    cpuNanos = nanos;
    return ran;
  }

  boolean isMoreThanKills(long total) {
    return total > kills;
  }

  void kills(long total, Shortages own, Shortages sandboxes) {
    kills = total;
    outOfMemory = own.outOfMemory().orElse(0);
    outOfMemoryAbove = sandboxes.outOfMemory().orElse(0);
  }

  boolean isMoreThanRefusals(long total) {
    return total > refusals;
  }

  boolean isRefusalDue(long now) {
    return isDue(nextRefusals, now);
  }

  void refusals(long total, long next) {
    refusals = total;
    nextRefusals = OptionalLong.of(next);
  }

  /**
   * Whose memory limit could not be kept since {@link #kills}. Empty: more than one's, or the
   * kernel does not tell.
   */
  String limitOf(Shortages own, Shortages sandboxes) {
    if (own.outOfMemory().isEmpty()) {
      return "";
    }
    boolean containers = own.outOfMemory().getAsLong() > outOfMemory;
    boolean sandbox = sandboxes.outOfMemory().orElse(0) > outOfMemoryAbove;
    if (containers && sandbox) {
      return "";
    }
    if (containers) {
      return KernelEvents.CONTAINER;
    }
    return sandbox ? KernelEvents.SANDBOX : KernelEvents.HOST;
  }

  /** Whether a window ends now, or the first one is still to begin. */
  boolean windowIsOver(long now, Duration length) {
    return windowBegan.isEmpty() || now - windowBegan.getAsLong() >= length.toNanos();
  }

  /**
   * A new window begins.
   *
   * @return how long the one that ends was, nanoseconds, unless this is the first
   */
  OptionalLong window(long now) {
    OptionalLong began = windowBegan;
    windowBegan = OptionalLong.of(now);
    return began.isEmpty() ? began : OptionalLong.of(now - began.getAsLong());
  }

  /** Those before. */
  Pressure stalls(Pressure now) {
    Pressure before = stalls;
    stalls = now;
    return before;
  }

  boolean isPressureDue(long now) {
    return isDue(nextPressure, now);
  }

  void pressure(long next) {
    nextPressure = OptionalLong.of(next);
  }

  private static boolean isDue(OptionalLong next, long now) {
    return next.isEmpty() || now - next.getAsLong() >= 0;
  }

  /** Nothing is told of it any more. */
  void end() {
    ended = true;
  }

  boolean hasEnded() {
    return ended;
  }

  /** Whether it is the first failure of several. */
  boolean failed() {
    boolean first = !failing;
    failing = true;
    return first;
  }

  void succeeded() {
    failing = false;
  }
}
