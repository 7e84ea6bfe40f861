package dev.caisson.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.events.Keys;
import dev.caisson.events.Records;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.UsageSample;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.utils.Utils;

/**
 * What comes to one partition of a fleet's topics: the records of those sandboxes whose keys are in
 * it, at the fleet's rates. Each is the copy of a recorded one, with names, numbers and times of
 * its own. The same arguments give the same keys.
 */
final class PartitionShare {
  /** Of each second: a hundredth. */
  private static final long BUSY_NANOS = 10_000_000;

  /** Of one node, whose other records are in other partitions. */
  private static final class Journal {
    private long seq;
    private ByteString chain = HashChain.GENESIS;
  }

  /** One that lives, and then another in its place. */
  private static final class Place {
    private final String node;
    private final int number;
    private String uid;
    private long event;
    private long sample;
    private long nanos;

    Place(String node, int number, String uid) {
      this.node = node;
      this.number = number;
      this.uid = uid;
    }

    void begin(String another) {
      uid = another;
      event = 0;
      sample = 0;
      nanos = 0;
    }

    String name() {
      return "sandbox-%07d".formatted(number);
    }
  }

  private final Fleet fleet;
  private final RecordedLife life;
  private final int partition;
  private final List<Place> places = new ArrayList<>();
  private final Map<String, Journal> journals = new HashMap<>();
  private long lives;
  private double dueSamples;
  private double dueEvents;
  private int nextSample;
  private int nextEvent;

  PartitionShare(Fleet fleet, RecordedLife life, int partition) {
    this.fleet = fleet;
    this.life = life;
    this.partition = partition;
    for (int i = 0; places.size() < fleet.share(); i++) {
      String node = "node-%05d".formatted(i % fleet.nodes());
      places.add(new Place(node, i, uid(node)));
    }
  }

  /** Of the partition, as the producer of every client chooses it. */
  private String uid(String node) {
    while (true) {
      String uid = new UUID(0x0190_0000_0000_7000L, 0x8000_0000_0000_0000L | lives++).toString();
      byte[] key = Keys.of(node, uid).getBytes(UTF_8);
      if (Utils.toPositive(Utils.murmur2(key)) % fleet.partitions() == partition) {
        return uid;
      }
    }
  }

  int sandboxes() {
    return places.size();
  }

  /** What comes in a time after what came before. */
  List<ProducerRecord<byte[], byte[]>> next(double seconds, Instant now) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    dueSamples += seconds * fleet.samplesPerSecond() / fleet.partitions();
    dueEvents += seconds * fleet.eventsPerSecond(life.events().size()) / fleet.partitions();
    for (; dueSamples >= 1; dueSamples--) {
      records.add(sample(places.get(nextSample++ % places.size()), now, false));
    }
    for (; dueEvents >= 1; dueEvents--) {
      Place place = places.get(nextEvent++ % places.size());
      records.add(event(place, now));
      if (place.event == life.events().size()) {
        records.add(sample(place, now, true));
        place.begin(uid(place.node));
      }
    }
    return records;
  }

  private ProducerRecord<byte[], byte[]> sample(Place place, Instant now, boolean last) {
    place.sample++;
    place.nanos += Math.round(Fleet.seconds(fleet.period()) * BUSY_NANOS) + place.number;
    UsageSample.Builder sample =
        life.samples().get(1).toBuilder()
            .setNode(place.node)
            .setSandboxId(place.name())
            .setSandboxUid(place.uid)
            .setSandboxSeq(place.sample)
            .setTime(time(now))
            .setCgroupNanos(place.nanos)
            .setLast(last);
    sample.getContainersBuilder(0).setCpuNanos(place.nanos / 2).setRunning(!last);
    return Records.usage(place.node, sample.build().toByteString());
  }

  private ProducerRecord<byte[], byte[]> event(Place place, Instant now) {
    Journal journal = journals.computeIfAbsent(place.node, _ -> new Journal());
    journal.seq++;
    Event.Builder event =
        life.events().get((int) place.event++).toBuilder()
            .setId(id(place, journal.seq))
            .setNode(place.node)
            .setEpoch(1)
            .setSeq(journal.seq)
            .setSandboxSeq(place.event)
            .setTime(time(now));
    event.getSubjectBuilder().setSandboxId(place.name()).setSandboxUid(place.uid);
    ByteString bytes = event.build().toByteString();
    journal.chain = HashChain.next(journal.chain, bytes);
    return Records.event(new JournalRecord(place.node, 1, journal.seq, bytes, journal.chain));
  }

  private static ByteString id(Place place, long seq) {
    return ByteString.copyFrom(
        ByteBuffer.allocate(2 * Long.BYTES)
            .putLong(0x0190_0000_0000_7000L | (place.number & 0xfff))
            .putLong(0x8000_0000_0000_0000L | ((long) place.number << 32) | seq)
            .flip());
  }

  private static Timestamp time(Instant now) {
    return Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()).build();
  }
}
