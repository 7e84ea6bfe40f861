package dev.caisson.executor.cgroup;

import java.util.OptionalLong;

/**
 * What the kernel has refused to a cgroup, or taken from it. Each only grows.
 *
 * @param kills of its processes, for want of memory
 * @param outOfMemory how often one of its memory limits could not be kept; version 2 only
 * @param refusedForks for a limit of processes
 */
public record Shortages(long kills, OptionalLong outOfMemory, long refusedForks) {
  static final Shortages NONE = new Shortages(0, OptionalLong.empty(), 0);

  static Shortages of(FlatKeyed memory, FlatKeyed pids) {
    return new Shortages(
        memory.get("oom_kill").orElse(0), memory.get("oom"), pids.get("max").orElse(0));
  }
}
