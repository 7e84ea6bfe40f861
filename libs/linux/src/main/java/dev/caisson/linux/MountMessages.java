package dev.caisson.linux;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What the kernel says about a filesystem context, in its own words: read(2) of fsopen's result.
 */
record MountMessages(Files files) {
  /** The kernel keeps eight, struct fc_log in linux/fs_context.h. */
  static final int MAX_MESSAGES = 8;

  /** One message is cut to what a kernel log line holds. */
  private static final int MAX_LENGTH = 1024;

  /** The messages in brackets; nothing if there are none. */
  String read(Fd context) {
    List<String> messages = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.allocate(MAX_LENGTH);
    while (messages.size() < MAX_MESSAGES && readOne(context, buffer.clear())) {
      messages.add(text(buffer.flip()));
    }
    return messages.isEmpty() ? "" : " (" + String.join("; ", messages) + ")";
  }

  /** ENODATA is the end; anything else must not hide the failure that is being explained. */
  private boolean readOne(Fd context, ByteBuffer buffer) {
    try {
      return files.read(context, buffer) > 0;
    } catch (LinuxException e) {
      return false;
    }
  }

  /** Without the severity, as in "e ", and the line's end. */
  private static String text(ByteBuffer buffer) {
    String line = UTF_8.decode(buffer).toString().strip();
    return line.matches("[eiw] .*") ? line.substring(2) : line;
  }
}
