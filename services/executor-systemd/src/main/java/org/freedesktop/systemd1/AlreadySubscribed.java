package org.freedesktop.systemd1;

import org.freedesktop.dbus.exceptions.DBusExecutionException;

/** It sends its signals already. */
public final class AlreadySubscribed extends DBusExecutionException {
  private static final long serialVersionUID = 1L;

  /** As it comes from the bus. */
  public AlreadySubscribed(String message) {
    super(message);
  }
}
