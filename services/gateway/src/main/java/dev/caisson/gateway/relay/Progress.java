package dev.caisson.gateway.relay;

import dev.caisson.proto.events.v1.RelayPosition;

/**
 * How far a relay is.
 *
 * @param events the last event that is in Kafka
 * @param usage the last sample that is in Kafka
 */
record Progress(Place events, Place usage) {

  static final Progress NONE = new Progress(Place.START, Place.START);

  static Progress of(RelayPosition position) {
    return new Progress(
        new Place(position.getEventsEpoch(), position.getEventsSeq()),
        new Place(position.getUsageEpoch(), position.getUsageSeq()));
  }

  RelayPosition message() {
    return RelayPosition.newBuilder()
        .setEventsEpoch(events.epoch())
        .setEventsSeq(events.seq())
        .setUsageEpoch(usage.epoch())
        .setUsageSeq(usage.seq())
        .build();
  }

  Progress withEvents(Place place) {
    return new Progress(place, usage);
  }

  Progress withUsage(Place place) {
    return new Progress(events, place);
  }

  /** The later of both, in each stream. */
  Progress orLater(Progress other) {
    return new Progress(later(events, other.events), later(usage, other.usage));
  }

  private static Place later(Place one, Place other) {
    return one.compareTo(other) < 0 ? other : one;
  }
}
