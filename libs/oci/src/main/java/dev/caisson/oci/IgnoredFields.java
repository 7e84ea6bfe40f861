package dev.caisson.oci;

import dev.caisson.proto.types.v1.IgnoredField;
import java.util.ArrayList;
import java.util.List;

/** What of a document has no effect, as it is met. Bounded: beyond that it is only counted. */
final class IgnoredFields {
  /** Of entries; one more tells of the others. */
  static final int MAX = 32;

  /** Of a name and of a reason, in characters. */
  static final int MAX_TEXT = 160;

  /** In characters. */
  static final int MAX_VALUE = 256;

  private final List<IgnoredField> fields = new ArrayList<>();
  private int further;

  /**
   * @param why what follows the field's name in a sentence
   */
  void add(String field, String why, Object value) {
    if (fields.size() == MAX) {
      further++;
      return;
    }
    fields.add(
        IgnoredField.newBuilder()
            .setField(Shown.of(field, MAX_TEXT))
            .setWhy(Shown.of(why, MAX_TEXT))
            .setValue(Shown.of(value, MAX_VALUE))
            .build());
  }

  List<IgnoredField> list() {
    if (further == 0) {
      return List.copyOf(fields);
    }
    List<IgnoredField> all = new ArrayList<>(fields);
    String why = "has " + further + " more fields that were ignored";
    all.add(IgnoredField.newBuilder().setField("config.json").setWhy(why).build());
    return List.copyOf(all);
  }
}
