package dev.caisson.auditor.trail;

import java.util.List;

/** What one poll brought: stored wholly or not at all. */
record TrailBatch(List<Received> received, List<AsideRecord> aside, List<PartitionOffset> offsets) {

  /** An entry and where it came from, should it conflict with another. */
  record Received(SourceTopic topic, int partition, long offset, TrailEntry entry) {

    AsideRecord inConflict() {
      String message = "Another record has " + entry.columns().node() + " " + entry.position();
      return new AsideRecord(
          topic, partition, offset, AsideRecord.Reason.CONFLICT, message, entry.event());
    }
  }

  TrailBatch {
    received = List.copyOf(received);
    aside = List.copyOf(aside);
    offsets = List.copyOf(offsets);
  }
}
