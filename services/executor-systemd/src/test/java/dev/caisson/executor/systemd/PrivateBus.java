package dev.caisson.executor.systemd;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;

/** A message bus in a directory, with nobody on it. */
final class PrivateBus implements AutoCloseable {
  static final Path PROGRAM = Path.of("/usr/bin/dbus-daemon");

  private static final String CONFIGURATION =
      """
      <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
        "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
      <busconfig>
        <listen>unix:path=@SOCKET@</listen>
        <policy context="default">
          <allow send_destination="*" eavesdrop="true"/>
          <allow eavesdrop="true"/>
          <allow own="*"/>
        </policy>
      </busconfig>
      """;

  private final Process daemon;
  private final String address;

  private PrivateBus(Process daemon, String address) {
    this.daemon = daemon;
    this.address = address;
  }

  static PrivateBus start(Path directory) throws IOException {
    Path socket = directory.resolve("bus");
    Files.deleteIfExists(socket);
    Path configuration =
        Files.writeString(
            directory.resolve("bus.conf"), CONFIGURATION.replace("@SOCKET@", socket.toString()));
    Process daemon =
        new ProcessBuilder(
                PROGRAM.toString(), "--config-file=" + configuration, "--nofork", "--print-address")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader output = daemon.inputReader();
    if (output.readLine() == null) {
      throw new IOException("dbus-daemon does not start");
    }
    return new PrivateBus(daemon, "unix:path=" + socket);
  }

  String address() {
    return address;
  }

  DBusConnection join() throws DBusException {
    return DBusConnectionBuilder.forAddress(address).withShared(false).build();
  }

  @Override
  public void close() {
    daemon.destroyForcibly().onExit().join();
  }
}
