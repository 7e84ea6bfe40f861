package dev.caisson.auditor.cpu;

import com.google.protobuf.Timestamp;
import dev.caisson.proto.audit.v1.ContainerCpuWindow;
import dev.caisson.proto.audit.v1.CpuWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * From one moment of a sandbox to another. Its parts sum to the whole, as those of both moments do.
 *
 * @param before null: the sandbox's beginning, when nothing had been used
 * @param start the time of it
 */
record Growth(@Nullable Moment before, Instant start, Moment end) {

  private static final double NANOS_PER_SECOND = 1e9;

  /** Fills in what was used, and how fast. */
  void describe(CpuWindow.Builder window) {
    long used = end.used - (before == null ? 0 : before.used);
    window
        .setStart(timestamp(start))
        .setEnd(timestamp(end.time))
        .setStartSeq(before == null ? 0 : before.seq)
        .setEndSeq(end.seq)
        .setCgroupNanos(used)
        .setUnattributedNanos(end.unattributed - (before == null ? 0 : before.unattributed))
        .setCpus(cpus(used));
    Map<String, Long> totals = totalsBefore();
    for (int i = 0; i < end.names.size(); i++) {
      Moment.Name name = end.names.get(i);
      window.addContainers(container(name, end.total(i) - taken(totals, name.uid())));
    }
    // Who is left has been put together with others since; what he had before is not growth.
    long retiredSince = totals.values().stream().mapToLong(Long::longValue).sum();
    window.setRetiredNanos(end.retired - (before == null ? 0 : before.retired) - retiredSince);
  }

  private Map<String, Long> totalsBefore() {
    Map<String, Long> totals = new HashMap<>();
    for (int i = 0; before != null && i < before.names.size(); i++) {
      totals.put(before.names.get(i).uid(), before.total(i));
    }
    return totals;
  }

  private static long taken(Map<String, Long> totals, String uid) {
    Long total = totals.remove(uid);
    return total == null ? 0 : total;
  }

  private ContainerCpuWindow container(Moment.Name name, long nanos) {
    return ContainerCpuWindow.newBuilder()
        .setContainerId(name.id())
        .setContainerUid(name.uid())
        .setNanos(nanos)
        .setCpus(cpus(nanos))
        .build();
  }

  private double cpus(long nanos) {
    Duration time = Duration.between(start, end.time);
    double seconds = time.getSeconds() + time.getNano() / NANOS_PER_SECOND;
    return seconds <= 0 ? 0 : nanos / NANOS_PER_SECOND / seconds;
  }

  private static Timestamp timestamp(Instant time) {
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }
}
