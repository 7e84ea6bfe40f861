package dev.caisson.executor;

import com.google.protobuf.Message;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The 64-bit numbers of a message, such as sizes and counters, by their paths. */
final class Numbers {
  private final Map<String, Long> all = new TreeMap<>();

  private Numbers() {}

  /** Those that are there: {@code pids.current}, {@code io.devices.0.read_bytes}. */
  static Map<String, Long> of(Message message) {
    Numbers numbers = new Numbers();
    numbers.addFields("", message);
    return numbers.all;
  }

  private void addFields(String prefix, Message message) {
    message.getAllFields().forEach((field, value) -> add(prefix + field.getName(), value));
  }

  private void add(String path, Object value) {
    switch (value) {
      case Message inner -> addFields(path + ".", inner);
      case Long number -> all.put(path, number);
      case List<?> list -> {
        for (int i = 0; i < list.size(); i++) {
          add(path + "." + i, list.get(i));
        }
      }
      default -> {} // a name, or a share of the last seconds
    }
  }
}
