package dev.caisson.gateway.relay;

import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.journal.v1.UsageRecord;
import java.util.List;

/** What came from the journal: some records of one stream, in order. */
sealed interface Arrival {

  /** Of its records. */
  long bytes();

  /** Events. */
  record Events(List<Record> records) implements Arrival {
    public Events {
      records = List.copyOf(records);
    }

    @Override
    public long bytes() {
      return records.stream().mapToLong(record -> record.getEvent().size()).sum();
    }
  }

  /** Usage samples. */
  record Samples(List<UsageRecord> records) implements Arrival {
    public Samples {
      records = List.copyOf(records);
    }

    @Override
    public long bytes() {
      return records.stream().mapToLong(record -> record.getSample().size()).sum();
    }
  }
}
