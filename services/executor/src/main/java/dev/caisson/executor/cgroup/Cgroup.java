package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Pressure;
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

  /**
   * Tells of another of its processes that is no descendant of that first one, after a restart:
   * what was exec'd there. Nothing happens on hosts with cgroups for us.
   */
  default void alsoHas(int pid) {}

  /**
   * Tells what a process that has ended, and what it had waited for, have used: where nothing else
   * counts it. Nothing happens on others.
   */
  default void spent(Duration cpu) {}

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

  /** The same with the other ways in which the kernel was short of something for it. */
  Shortages shortages();

  /**
   * Those of its own limits alone, not of its descendants'; version 2 only, there is none in
   * version 1.
   */
  Shortages ownShortages();

  /** How long its tasks waited for memory, where there is a tree of version 2. */
  Optional<Pressure> memoryPressure();

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

  /**
   * The paths of those directly below it, in whichever hierarchies they are; the place of a
   * sandbox's own processes is none of them.
   */
  List<String> children();

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
   * @return one for each file that was written, in that order
   * @throws InvalidResources before anything is changed
   * @throws CgroupException after everything was taken back, but for what is suppressed in it;
   *     BUSY: more is used than a new limit allows; SHORT: the cgroup above has not as much left
   */
  List<SettingChange> update(Resources limits);

  /**
   * Removes it with its descendants, in every hierarchy; what is gone already is fine. BUSY after 5
   * s.
   */
  void remove();
}
