package dev.caisson.executor.hook;

import java.util.Map;
import java.util.TreeMap;

/**
 * The state that a hook is given on its standard input. Source: runtime-spec runtime.md, "State".
 *
 * <p>Written by hand: the executor has no JSON library, and reads no JSON.
 */
public record StateJson(
    String ociVersion,
    String id,
    String status,
    int pid,
    String bundle,
    Map<String, String> annotations) {

  public StateJson {
    annotations = Map.copyOf(annotations);
  }

  public String text() {
    StringBuilder json = new StringBuilder("{");
    field(json, "ociVersion", ociVersion).append(',');
    field(json, "id", id).append(',');
    field(json, "status", status).append(',');
    json.append("\"pid\":").append(pid).append(',');
    field(json, "bundle", bundle).append(",\"annotations\":{");
    String separator = "";
    for (Map.Entry<String, String> entry : new TreeMap<>(annotations).entrySet()) {
      field(json.append(separator), entry.getKey(), entry.getValue());
      separator = ",";
    }
    return json.append("}}").toString();
  }

  static StringBuilder field(StringBuilder json, String name, String value) {
    quote(json, name).append(':');
    return quote(json, value);
  }

  /** RFC 8259, section 7. */
  private static StringBuilder quote(StringBuilder json, String value) {
    json.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"', '\\' -> json.append('\\').append(c);
        default -> {
          if (c < 0x20) {
            json.append(String.format("\\u%04x", (int) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    return json.append('"');
  }
}
