package dev.caisson.executor.systemd;

import java.util.List;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;

/** systemd on the bus, as far as it is used here. Source: org.freedesktop.systemd1(5). */
@DBusInterfaceName("org.freedesktop.systemd1.Manager")
public interface Manager extends DBusInterface {
  /** Only to who has subscribed are signals sent. */
  void Subscribe();

  /** The path of the job. */
  DBusPath StartUnit(String name, String mode);

  /** The path of the job. */
  DBusPath StartTransientUnit(
      String name, String mode, List<Property> properties, List<Auxiliary> auxiliary);

  /** The path of the job. */
  DBusPath StopUnit(String name, String mode);

  /** Until the next boot, if it is {@code runtime}. */
  void SetUnitProperties(String name, boolean runtime, List<Property> properties);

  /** Forgets that it failed. */
  void ResetFailedUnit(String name);

  /** Those in one of these states (none: in any) whose name is as one of these patterns. */
  List<UnitRow> ListUnitsByPatterns(List<String> states, List<String> patterns);

  /** {@code (sv)}. */
  final class Property extends Struct {
    @Position(0)
    public final String name;

    @Position(1)
    public final Variant<?> value;

    public Property(String name, Variant<?> value) {
      this.name = name;
      this.value = value;
    }
  }

  /** {@code (sa(sv))}: a further unit. */
  final class Auxiliary extends Struct {
    @Position(0)
    public final String name;

    @Position(1)
    public final List<Property> properties;

    public Auxiliary(String name, List<Property> properties) {
      this.name = name;
      this.properties = properties;
    }
  }

  /** {@code (ssssssouso)}. */
  final class UnitRow extends Struct {
    @Position(0)
    public final String name;

    @Position(1)
    public final String description;

    @Position(2)
    public final String loadState;

    @Position(3)
    public final String activeState;

    @Position(4)
    public final String subState;

    @Position(5)
    public final String followed;

    @Position(6)
    public final DBusPath path;

    @Position(7)
    public final UInt32 jobId;

    @Position(8)
    public final String jobType;

    @Position(9)
    public final DBusPath jobPath;

    public UnitRow(
        String name,
        String description,
        String loadState,
        String activeState,
        String subState,
        String followed,
        DBusPath path,
        UInt32 jobId,
        String jobType,
        DBusPath jobPath) {
      this.name = name;
      this.description = description;
      this.loadState = loadState;
      this.activeState = activeState;
      this.subState = subState;
      this.followed = followed;
      this.path = path;
      this.jobId = jobId;
      this.jobType = jobType;
      this.jobPath = jobPath;
    }
  }

  /** A job has come to its end. */
  final class JobRemoved extends DBusSignal {
    public final UInt32 id;
    public final DBusPath job;
    public final String unit;
    public final String result;

    public JobRemoved(String path, UInt32 id, DBusPath job, String unit, String result)
        throws DBusException {
      super(path, id, job, unit, result);
      this.id = id;
      this.job = job;
      this.unit = unit;
      this.result = result;
    }
  }
}
