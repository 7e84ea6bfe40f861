package org.freedesktop.systemd1;

import org.freedesktop.dbus.exceptions.DBusExecutionException;

/** There is no unit of that name. */
public final class NoSuchUnit extends DBusExecutionException {
  private static final long serialVersionUID = 1L;

  /** As it comes from the bus. */
  public NoSuchUnit(String message) {
    super(message);
  }
}
