package dev.caisson.gateway.journal;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.Record;
import java.util.ArrayList;
import java.util.List;

/**
 * An event of the journal.
 *
 * @param place behind it
 */
public record JournalEvent(Cursor place, Event event) {
  /** Those of a response. */
  static List<JournalEvent> all(ReadResponse response) {
    return response.getRecordsList().stream().map(JournalEvent::of).toList();
  }

  /**
   * Those before one that cannot be read.
   *
   * @throws IllegalStateException if that is the first
   */
  static List<JournalEvent> sound(ReadResponse response) {
    List<JournalEvent> sound = new ArrayList<>();
    for (Record stored : response.getRecordsList()) {
      try {
        sound.add(of(stored));
      } catch (IllegalStateException e) {
        if (sound.isEmpty()) {
          throw e;
        }
        break;
      }
    }
    return sound;
  }

  private static JournalEvent of(Record stored) {
    Cursor place = Cursor.of(stored.getPosition());
    try {
      return new JournalEvent(place, Event.parseFrom(stored.getEvent()));
    } catch (InvalidProtocolBufferException corrupt) {
      throw new IllegalStateException("The journal's record is not an event: " + place, corrupt);
    }
  }

  /** On the wire: what it takes in memory is a multiple. */
  int bytes() {
    return event.getSerializedSize();
  }
}
