package dev.caisson.executor.systemd;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.errors.NoReply;
import org.freedesktop.dbus.errors.ServiceUnknown;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.exceptions.NotConnected;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.interfaces.DBusSigHandler;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.systemd1.AlreadySubscribed;

/**
 * One connection, on which systemd tells of the ends of jobs. Anybody may send a signal, so the bus
 * is asked for those of systemd alone: a flood of others does not come as far as this process.
 */
final class Bus implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Bus.class.getName());
  private static final String NAME = "org.freedesktop.systemd1";
  private static final String PATH = "/org/freedesktop/systemd1";

  /** With a bus that is being started anew; whoever wants a sandbox waits for it. */
  private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(2);

  private final DBusConnection connection;
  private final Manager manager;
  private final List<JobWait> waits = new CopyOnWriteArrayList<>();
  private final DBusSigHandler<Manager.JobRemoved> handler = this::ended;

  /** The unique name of the systemd that is listened to; another once it has executed itself. */
  private String heard = "";

  private Bus(DBusConnection connection) throws DBusException {
    this.connection = connection;
    this.manager = connection.getRemoteObject(NAME, PATH, Manager.class);
  }

  static Bus connect(String address) throws DBusException {
    DBusConnection connection =
        DBusConnectionBuilder.forAddress(address)
            .withShared(false)
            .transportConfig()
            .withTimeout((int) CONNECT_PATIENCE.toMillis())
            .back()
            .receivingThreadConfig()
            .withSignalThreadCount(1)
            .withMethodCallThreadCount(1)
            .connectionConfig()
            .build();
    try {
      Bus bus = new Bus(connection);
      bus.listen();
      return bus;
    } catch (DBusException | DBusExecutionException e) {
      connection.disconnect();
      throw e;
    }
  }

  private void listen() throws DBusException {
    String owner = owner();
    synchronized (this) {
      if (!owner.equals(heard)) {
        hear(owner);
      }
    }
  }

  private String owner() {
    try {
      return connection.getDBusOwnerName(NAME);
    } catch (NoReply | NotConnected e) {
      throw e;
    } catch (DBusExecutionException e) {
      throw new ServiceUnknown(String.valueOf(e.getMessage())); // the bus has no name for it
    }
  }

  private void hear(String owner) throws DBusException {
    try {
      var _ = connection.addSigHandler(Manager.JobRemoved.class, owner, handler);
      manager.Subscribe();
    } catch (AlreadySubscribed _) {
      // It has executed itself anew, and remembers.
    } catch (DBusException | DBusExecutionException e) {
      forget(owner); // otherwise the library would take it for done the next time
      throw e;
    }
    if (!heard.isEmpty()) {
      forget(heard);
    }
    heard = owner;
  }

  private void forget(String owner) {
    try {
      connection.removeSigHandler(Manager.JobRemoved.class, owner, handler);
    } catch (DBusException | DBusExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "There is no such rule to take away", e);
    }
  }

  private void ended(Manager.JobRemoved signal) {
    waits.forEach(wait -> wait.ended(signal));
  }

  /** Before the job is begun: it may end before the answer is read. */
  JobWait waitFor(String unit) {
    try {
      listen();
    } catch (DBusException e) {
      throw new DBusExecutionException("no signals of systemd", e);
    }
    JobWait wait = new JobWait(unit, this::follow, waits::remove);
    waits.add(wait);
    return wait;
  }

  /** It may execute itself anew while a job is under way, and tells of its end by another name. */
  private void follow() {
    try {
      listen();
    } catch (DBusException | DBusExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "systemd is not on the bus now", e);
    }
  }

  Manager manager() {
    return manager;
  }

  String version() {
    try {
      return connection
          .getRemoteObject(NAME, PATH, Properties.class)
          .<String>Get("org.freedesktop.systemd1.Manager", "Version");
    } catch (DBusException e) {
      throw new DBusExecutionException("no such object", e);
    }
  }

  /** As the bus sees this end of the connection. */
  long ownPid() {
    try {
      return daemon().GetConnectionUnixProcessID(connection.getUniqueName()).longValue();
    } catch (DBusException e) {
      throw new DBusExecutionException("no such object", e);
    }
  }

  /**
   * That systemd is not there, or that the connection has broken. Calls that wait while it breaks
   * end with whatever their thread met, so the bus is asked again in doubt.
   */
  boolean isUnreachable(RuntimeException e) {
    return e instanceof NotConnected
        || e instanceof NoReply
        || e instanceof ServiceUnknown
        || e instanceof RejectedExecutionException
        || !answers();
  }

  private boolean answers() {
    try {
      return !daemon().GetId().isEmpty();
    } catch (DBusException | DBusExecutionException | RejectedExecutionException e) {
      return false;
    }
  }

  private DBus daemon() throws DBusException {
    return connection.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
  }

  boolean isConnected() {
    return connection.isConnected();
  }

  @Override
  public void close() {
    connection.disconnect();
  }
}
