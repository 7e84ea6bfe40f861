package dev.caisson.executor.systemd;

import dev.caisson.executor.cgroup.Systemd;
import dev.caisson.executor.cgroup.SystemdException;
import dev.caisson.executor.cgroup.SystemdException.Kind;
import dev.caisson.executor.cgroup.UnitProperty;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.systemd1.NoSuchUnit;
import org.freedesktop.systemd1.UnitExists;
import org.jspecify.annotations.Nullable;

/** systemd, over one connection to the system bus, which is made when it is first needed. */
public final class DBusSystemd implements Systemd {
  /** Nobody gives way to what is already to be done with a unit. */
  private static final String FAIL = "fail";

  private static final String REPLACE = "replace";

  private static final String DONE = "done";

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final String address;
  private final Duration patience;
  private @Nullable Bus bus;

  /** As the service loader makes it. */
  public DBusSystemd() {
    this(
        Optional.ofNullable(System.getenv("DBUS_SYSTEM_BUS_ADDRESS"))
            .orElse("unix:path=/run/dbus/system_bus_socket"),
        PATIENCE);
  }

  /**
   * @param address of the bus
   * @param patience with a job
   */
  DBusSystemd(String address, Duration patience) {
    this.address = address;
    this.patience = patience;
  }

  @Override
  public String version() {
    return call("ask the version of", "systemd", Bus::version);
  }

  @Override
  public long ownPid() {
    return call("ask the bus for the pid of", "this process", Bus::ownPid);
  }

  @Override
  public void startSlice(String unit) {
    run("start", unit, bus -> bus.manager().StartUnit(unit, REPLACE));
  }

  @Override
  public void startScope(String unit, List<UnitProperty> properties) {
    List<Manager.Property> all = Properties.of(properties);
    try {
      run("start", unit, bus -> bus.manager().StartTransientUnit(unit, FAIL, all, List.of()));
    } catch (SystemdException e) {
      if (e.kind() == Kind.FAILED) {
        forget(unit, e);
      }
      throw e;
    }
  }

  private void forget(String unit, SystemdException problem) {
    try {
      resetFailed(unit);
    } catch (SystemdException e) {
      problem.addSuppressed(e);
    }
  }

  @Override
  public void set(String unit, List<UnitProperty> properties) {
    List<Manager.Property> all = Properties.of(properties);
    call(
        "set properties of",
        unit,
        bus -> {
          bus.manager().SetUnitProperties(unit, true, all);
          return unit;
        });
  }

  @Override
  public void stop(String unit) {
    run("stop", unit, bus -> bus.manager().StopUnit(unit, REPLACE));
  }

  @Override
  public void resetFailed(String unit) {
    call(
        "reset",
        unit,
        bus -> {
          bus.manager().ResetFailedUnit(unit);
          return unit;
        });
  }

  @Override
  public List<Unit> units(String pattern) {
    return call(
        "list",
        pattern,
        bus ->
            bus.manager().ListUnitsByPatterns(List.of(), List.of(pattern)).stream()
                .map(row -> new Unit(row.name, row.activeState))
                .toList());
  }

  /** Waits until the job that was begun has come to its end. */
  private void run(String operation, String unit, Function<Bus, DBusPath> begin) {
    String result =
        call(
            operation,
            unit,
            bus -> {
              try (JobWait wait = bus.waitFor(unit)) {
                return wait.result(begin.apply(bus), patience);
              }
            });
    if (!result.equals(DONE)) {
      throw new SystemdException(
          Kind.FAILED,
          "systemd did not "
              + operation
              + " "
              + unit
              + " ("
              + result
              + "); systemctl status and journalctl -u tell why");
    }
  }

  private <T> T call(String operation, String unit, Function<Bus, T> call) {
    Bus connected = connected();
    try {
      return call.apply(connected);
    } catch (UnitExists e) {
      throw new SystemdException(Kind.EXISTS, String.valueOf(e.getMessage()), e);
    } catch (NoSuchUnit e) {
      throw new SystemdException(Kind.GONE, String.valueOf(e.getMessage()), e);
    } catch (DBusExecutionException | RejectedExecutionException e) {
      throw connected.isUnreachable(e) ? unreachable(e) : failed(operation, unit, e);
    }
  }

  private static SystemdException failed(String operation, String unit, RuntimeException e) {
    return new SystemdException(
        Kind.FAILED,
        "Failed to "
            + operation
            + " "
            + unit
            + ": "
            + e.getClass().getSimpleName()
            + ": "
            + e.getMessage(),
        e);
  }

  private static SystemdException unreachable(Exception cause) {
    return new SystemdException(
        Kind.UNREACHABLE,
        "systemd does not answer on the system bus ("
            + cause.getMessage()
            + "): see that dbus.socket is active, or start the executor with --cgroup-driver"
            + " cgroupfs.",
        cause);
  }

  private synchronized Bus connected() {
    @Nullable Bus known = bus;
    if (known != null && known.isConnected()) {
      return known;
    }
    close();
    try {
      Bus made = Bus.connect(address);
      bus = made;
      return made;
    } catch (DBusException | DBusExecutionException | RejectedExecutionException e) {
      throw unreachable(e);
    }
  }

  @Override
  public synchronized void close() {
    @Nullable Bus known = bus;
    bus = null;
    if (known != null) {
      known.close();
    }
  }
}
