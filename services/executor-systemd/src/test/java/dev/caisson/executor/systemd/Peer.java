package dev.caisson.executor.systemd;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.freedesktop.systemd1.AlreadySubscribed;
import org.freedesktop.systemd1.NoSuchUnit;
import org.freedesktop.systemd1.UnitExists;

/** Answers on a bus as systemd would. */
final class Peer implements Manager, Properties, AutoCloseable {
  static final String NAME = "org.freedesktop.systemd1";
  private static final String PATH = "/org/freedesktop/systemd1";

  private final DBusConnection connection;
  private final AtomicLong jobs = new AtomicLong();
  private final Map<String, String> states = new ConcurrentHashMap<>();
  final List<String> calls = new CopyOnWriteArrayList<>();
  final Map<String, Variant<?>> properties = new ConcurrentHashMap<>();

  /** How jobs end; empty: they do not. */
  volatile String result = "done";

  /** What happens before a job ends, with its path. */
  volatile Consumer<String> ending = job -> {};

  /** What happens when somebody subscribes. */
  volatile Runnable subscribing = () -> {};

  /** As one who has executed itself anew remembers its subscribers. */
  volatile boolean subscribed;

  /** What happens between a question and its answer. */
  volatile Runnable meanwhile = () -> {};

  Peer(PrivateBus bus) throws DBusException {
    this(bus, peer -> {});
  }

  /**
   * One that others find when all of it is as it is to be.
   *
   * @param prepared before it has its name
   */
  Peer(PrivateBus bus, Consumer<Peer> prepared) throws DBusException {
    connection = bus.join();
    prepared.accept(this);
    connection.exportObject(PATH, this);
    connection.requestBusName(NAME);
  }

  void state(String unit, String state) {
    states.put(unit, state);
  }

  @Override
  public String getObjectPath() {
    return PATH;
  }

  @Override
  public void Subscribe() {
    calls.add("Subscribe");
    subscribing.run();
    if (subscribed) {
      throw new AlreadySubscribed("Client is already subscribed.");
    }
  }

  @Override
  public DBusPath StartUnit(String name, String mode) {
    calls.add("StartUnit " + name + " " + mode);
    states.put(name, "active");
    return job(name);
  }

  @Override
  public DBusPath StartTransientUnit(
      String name, String mode, List<Property> wanted, List<Auxiliary> auxiliary) {
    calls.add("StartTransientUnit " + name + " " + mode);
    if (states.putIfAbsent(name, result.equals("done") ? "active" : "failed") != null) {
      throw new UnitExists("Unit " + name + " was already loaded or has a fragment file.");
    }
    wanted.forEach(property -> properties.put(property.name, property.value));
    return job(name);
  }

  @Override
  public DBusPath StopUnit(String name, String mode) {
    calls.add("StopUnit " + name + " " + mode);
    if (states.remove(name) == null) {
      throw new NoSuchUnit("Unit " + name + " not loaded.");
    }
    return job(name);
  }

  /** The signal is on its way before the answer is. */
  private DBusPath job(String unit) {
    String path = PATH + "/job/" + jobs.incrementAndGet();
    ending.accept(path);
    if (!result.isEmpty()) {
      tell(connection, PATH + "/job/0", unit, "canceled");
      tell(connection, path, "other.scope", "failed");
      tell(connection, path, unit, result);
    }
    return new DBusPath(path);
  }

  /** What anybody may say. */
  static void tell(DBusConnection from, String job, String unit, String result) {
    try {
      from.sendMessage(new JobRemoved(PATH, new UInt32(1), new DBusPath(job), unit, result));
    } catch (DBusException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void SetUnitProperties(String name, boolean runtime, List<Property> wanted) {
    calls.add("SetUnitProperties " + name + " " + runtime);
    if (!states.containsKey(name)) {
      throw new NoSuchUnit("Unit " + name + " not loaded.");
    }
    wanted.forEach(property -> properties.put(property.name, property.value));
  }

  @Override
  public void ResetFailedUnit(String name) {
    calls.add("ResetFailedUnit " + name);
    if (!states.remove(name, "failed")) {
      throw new NoSuchUnit("Unit " + name + " not loaded.");
    }
  }

  @Override
  public List<UnitRow> ListUnitsByPatterns(List<String> wantedStates, List<String> patterns) {
    return states.entrySet().stream()
        .filter(unit -> unit.getKey().matches(patterns.getFirst().replace("*", ".*")))
        .map(unit -> row(unit.getKey(), unit.getValue()))
        .collect(Collectors.toList());
  }

  private static UnitRow row(String name, String state) {
    return new UnitRow(
        name,
        "Caisson sandbox",
        "loaded",
        state,
        "running",
        "",
        new DBusPath(PATH + "/unit/x"),
        new UInt32(0),
        "",
        new DBusPath("/"));
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // as the library has it
  @Override
  public <A> A Get(String interfaceName, String property) {
    meanwhile.run();
    return (A) new Variant<>(property.equals("Version") ? "255 (255.4-1ubuntu8)" : "");
  }

  @Override
  public <A> void Set(String interfaceName, String property, A value) {
    throw new AssertionError("nothing of the manager itself is set: " + property);
  }

  @Override
  public Map<String, Variant<?>> GetAll(String interfaceName) {
    return Map.of();
  }

  /** Who has the name next is systemd; what was asked of this one is answered still. */
  void leave() throws DBusException {
    connection.releaseBusName(NAME);
  }

  /** Says that a job has ended. */
  void end(String job, String unit) {
    tell(connection, job, unit, "done");
  }

  @Override
  public void close() throws IOException {
    connection.close();
  }
}
