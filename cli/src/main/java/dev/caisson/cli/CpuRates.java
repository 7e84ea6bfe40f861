package dev.caisson.cli;

import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * How fast containers are charged: from the growth between the two newest figures of each sandbox.
 * Thread-safe.
 */
final class CpuRates {
  static final String NOBODY = "(nobody)";

  private static final double NANOS = 1e9;

  /**
   * A container, or what nobody is charged for.
   *
   * @param cpus 1.5 is one CPU and a half; empty: it has been seen but once
   * @param nanos in all
   */
  record Row(String sandbox, String container, OptionalDouble cpus, long nanos, String state) {
    /** The fastest first; then whoever was charged the most. */
    static final Comparator<Row> ORDER =
        Comparator.comparingDouble((Row row) -> -row.cpus().orElse(0))
            .thenComparing(Comparator.comparingLong(Row::nanos).reversed())
            .thenComparing(Row::sandbox)
            .thenComparing(Row::container);
  }

  private record Pair(@Nullable CpuApportioned before, CpuApportioned now) {
    OptionalDouble cpus(long nanos, long nanosBefore) {
      double seconds =
          before == null
              ? 0
              : Durations.toNanos(Timestamps.between(before.getTime(), now.getTime())) / NANOS;
      return seconds <= 0
          ? OptionalDouble.empty()
          : OptionalDouble.of((nanos - nanosBefore) / NANOS / seconds);
    }

    /** What a container had been charged before; 0 for one that has come since. */
    long totalBefore(String uid) {
      return before == null
          ? 0
          : before.getContainersList().stream()
              .filter(container -> container.getContainerUid().equals(uid))
              .mapToLong(ContainerCpu::getTotalNanos)
              .findFirst()
              .orElse(0);
    }
  }

  private final Map<String, Pair> sandboxes = new HashMap<>();

  /** Takes in the next figures of a sandbox. */
  synchronized void take(CpuApportioned figures) {
    Pair last = sandboxes.get(figures.getSandboxUid());
    sandboxes.put(figures.getSandboxUid(), new Pair(last == null ? null : last.now(), figures));
  }

  /** One that is gone. */
  synchronized void forget(String sandboxUid) {
    sandboxes.remove(sandboxUid);
  }

  /** Of all that are there. */
  synchronized List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    sandboxes.values().forEach(pair -> rows.addAll(rows(pair)));
    rows.sort(Row.ORDER);
    return rows;
  }

  /** Of one sandbox. */
  synchronized List<Row> rows(String sandboxUid) {
    Pair pair = sandboxes.get(sandboxUid);
    return pair == null ? List.of() : rows(pair);
  }

  private static List<Row> rows(Pair pair) {
    List<Row> rows = new ArrayList<>();
    CpuApportioned now = pair.now();
    for (ContainerCpu one : now.getContainersList()) {
      OptionalDouble cpus = pair.cpus(one.getTotalNanos(), pair.totalBefore(one.getContainerUid()));
      rows.add(
          new Row(now.getSandboxId(), one.getContainerId(), cpus, one.getTotalNanos(), state(one)));
    }
    long nobody = now.getUnattributedNanos();
    if (nobody > 0) {
      CpuApportioned before = pair.before();
      long nobodyBefore = before == null ? 0 : before.getUnattributedNanos();
      rows.add(new Row(now.getSandboxId(), NOBODY, pair.cpus(nobody, nobodyBefore), nobody, ""));
    }
    return rows;
  }

  static String state(ContainerCpu container) {
    if (container.getExited()) {
      return "final";
    }
    return container.getUnlisted() ? "not seen" : "running";
  }
}
