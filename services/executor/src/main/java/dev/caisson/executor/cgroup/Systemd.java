package dev.caisson.executor.cgroup;

import java.util.List;
import java.util.ServiceLoader;

/**
 * The service manager of the host. What speaks to it is a module of its own, which is only there
 * when it was asked for.
 *
 * <p>For any thread. A connection that broke is made again by the next call. Every method throws
 * {@link SystemdException}.
 */
public interface Systemd extends AutoCloseable {
  /** The one on the class path. Not connected yet. */
  static Systemd load() {
    return ServiceLoader.load(Systemd.class)
        .findFirst()
        .orElseThrow(() ->
            new SystemdException(
                SystemdException.Kind.UNREACHABLE,
                "The systemd driver is not on the class path: add the jar of"
                    + " services/executor-systemd and those beside it, or start with"
                    + " --cgroup-driver cgroupfs."));
  }

  /** As it says itself: {@code 255 (255.4-1ubuntu8)}. */
  String version();

  /** The pid that this process has where systemd is. */
  long ownPid();

  /** Idempotent. Returns when it is there. */
  void startSlice(String unit);

  /**
   * Returns when it is there, with the processes that the properties name.
   *
   * @throws SystemdException EXISTS when there is a unit of that name, whatever became of it
   */
  void startScope(String unit, List<UnitProperty> properties);

  /** Until the unit ends. GONE when it has. */
  void set(String unit, List<UnitProperty> properties);

  /** Ends all of its processes. Returns when they have; GONE when there is none of that name. */
  void stop(String unit);

  /** Forgets one that failed. GONE when there is none of that name. */
  void resetFailed(String unit);

  /**
   * A unit.
   *
   * @param state {@code active}, {@code failed} and so on: the ActiveState of systemd
   */
  record Unit(String name, String state) {
    boolean isDead() {
      return state.equals("failed") || state.equals("inactive");
    }
  }

  /**
   * Those that systemd knows.
   *
   * @param pattern as of a shell
   */
  List<Unit> units(String pattern);

  @Override
  void close();
}
