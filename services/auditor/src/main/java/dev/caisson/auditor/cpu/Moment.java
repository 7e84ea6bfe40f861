package dev.caisson.auditor.cpu;

import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Totals of a sandbox after one sample, in little space. All amounts are nanoseconds. */
final class Moment {

  /** What one takes beside the total of each container, in numbers of 64 bits: about. */
  static final int OWN_AMOUNTS = 16;

  /** What a name takes beside its letters: three objects, and the place in a list. */
  private static final int NAME_AMOUNTS = 16;

  /** Whose a total is. */
  record Name(String id, String uid) {}

  final Instant time;
  final long seq;
  final boolean last;
  final long used;
  final long unattributed;
  final long retired;
  final List<Name> names;
  private final long[] totals;

  private Moment(CpuApportioned figures, Instant time, List<Name> names) {
    this.time = time;
    this.seq = figures.getSandboxSeq();
    this.last = figures.getLast();
    this.used = figures.getCgroupNanos();
    this.unattributed = figures.getUnattributedNanos();
    this.retired = figures.getRetiredNanos();
    this.names = names;
    this.totals =
        figures.getContainersList().stream().mapToLong(ContainerCpu::getTotalNanos).toArray();
  }

  /** The names of the moment before are shared as long as they are the same. */
  static Moment of(CpuApportioned figures, @Nullable Moment before) {
    List<Name> names =
        figures.getContainersList().stream()
            .map(container -> new Name(container.getContainerId(), container.getContainerUid()))
            .toList();
    return new Moment(
        figures,
        time(figures),
        before != null && before.names.equals(names) ? before.names : names);
  }

  static Instant time(CpuApportioned figures) {
    return Instant.ofEpochSecond(figures.getTime().getSeconds(), figures.getTime().getNanos());
  }

  /** What it takes to keep it, in numbers of 64 bits; its names, which it may share, are apart. */
  int amounts() {
    return OWN_AMOUNTS + totals.length;
  }

  /** What its names take, by letters of one byte. */
  int nameAmounts() {
    return names.stream()
        .mapToInt(name -> NAME_AMOUNTS + (name.id().length() + name.uid().length()) / Long.BYTES)
        .sum();
  }

  @SuppressWarnings("ReferenceEquality") // this very list
  boolean sharesNamesWith(@Nullable Moment other) {
    return other != null && names == other.names;
  }

  long total(int index) {
    return totals[index];
  }
}
