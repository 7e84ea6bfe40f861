package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Statistics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** One cgroup: the directories of one path in all hierarchies. Holds nothing open. */
public interface Cgroup {
  /** Absolute in the trees. */
  String path();

  /**
   * Where a process joins it.
   *
   * @param hierarchy the last name of its mount point, {@code memory}
   * @param directory its own there
   */
  record Join(String hierarchy, Path directory) {}

  /**
   * Tells whose processes these are, where there is nothing else that could: on a host without
   * cgroups for us. Nothing happens on others.
   *
   * @param pid of the first process of a PID namespace, which stands for the cgroup from now on
   */
  default void standsFor(int pid) {}

  /** One for each v1 hierarchy, in the order of writing; none in pure v2. */
  List<Join> joins();

  /** The v2 directory, for {@code CLONE_INTO_CGROUP}. */
  Optional<Path> birthDirectory();

  /** Hands over {@code cgroup.procs} in the v2 tree, and only that file; nothing in v1. */
  void delegate(int uid, int gid);

  /**
   * CPU time since the cgroup was made, descendants included, nanoseconds. v2 counts microseconds.
   * Empty: it is gone.
   */
  OptionalLong cpuNanos();

  /**
   * What its controllers have counted, descendants included: without time and network. Empty where
   * it is gone.
   *
   * @param raw whether {@code memory.stat} is wanted as it is
   */
  Statistics.Builder statistics(boolean raw);

  /**
   * Processes that the kernel killed here for a memory limit. 0 where it is gone, or there is no
   * memory controller.
   */
  long oomKills();

  /**
   * Stops every process, descendants included; returns when all stand still. BUSY after 5 s: then
   * it is thawed again.
   */
  void freeze();

  void thaw();

  /** Whether a frozen process that is killed ends at once; otherwise it does when it is thawed. */
  boolean endsFrozen();

  /**
   * Sends SIGKILL to every process, descendants included, those that are being forked too. They may
   * still be dying.
   */
  void kill();

  /**
   * By their host pids, descendants included, in which cgroup processes are: relative to this one,
   * which is {@code /}; empty where there are no cgroups. Those outside our PID namespace are left
   * out. In the tree of version 2 where there is one, otherwise in the first of {@link #joins}.
   */
  Map<Integer, String> members();

  /** Their host pids. */
  default List<Integer> processes() {
    return List.copyOf(members().keySet());
  }

  /** Whether there is a process, descendants included. A zombie is none. */
  boolean populated();

  /** Waits until it is not populated; says whether that came in time. */
  boolean awaitEmpty(Duration timeout);

  /**
   * Sets the limits of one that has none yet. It is not fit for use when that fails.
   *
   * @throws InvalidResources before anything is set
   */
  void configure(Resources limits);

  /**
   * Of version 1: allows these devices and no others, {@code c 1:3 rwm}, as far as its parent does.
   * Version 2 has no files for that: there nothing happens.
   */
  void allowDevices(List<String> allowed);

  /**
   * Changes the limits that are given and keeps the others; all of them or none.
   *
   * @throws InvalidResources before anything is changed
   */
  List<SettingChange> update(Resources limits);

  /**
   * Removes it with its descendants, in every hierarchy; what is gone already is fine. BUSY after 5
   * s.
   */
  void remove();
}
