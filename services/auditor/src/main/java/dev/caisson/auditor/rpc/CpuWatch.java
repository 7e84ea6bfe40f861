package dev.caisson.auditor.rpc;

import dev.caisson.auditor.cpu.CpuQuery;
import dev.caisson.auditor.cpu.CpuTable;
import dev.caisson.proto.audit.v1.WatchCpuUsageResponse;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.rpc.FlowControlledSender;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * One caller that follows a sandbox, or all. Figures are cumulative: a caller that reads slowly
 * gets the newest of each sandbox when it reads again, and nothing else waits for it. Thread-safe.
 */
final class CpuWatch {

  // Of sandboxes that had the same id, the one that lives, or that lived last.
  private static final Comparator<CpuApportioned> CURRENT =
      Comparator.comparing(CpuApportioned::getLast)
          .reversed()
          .thenComparingLong(figures -> figures.getTime().getSeconds());

  private final CpuQuery query;
  private final FlowControlledSender<WatchCpuUsageResponse> sender;
  private final CpuTable.Subscription subscription;

  // By sandbox; who has waited longest is first.
  private final SequencedMap<String, CpuApportioned> pending = new LinkedHashMap<>();
  private @Nullable String sandboxUid;
  private boolean begun;

  private CpuWatch(
      CpuTable table, CpuQuery query, ServerCallStreamObserver<WatchCpuUsageResponse> caller) {
    this.query = query;
    this.sender = new FlowControlledSender<>(caller, this::flush, this::unsubscribe);
    this.subscription = table.listen(this::take);
  }

  /**
   * Begins with the newest figures, if there are any yet. Ends with the call; where one sandbox is
   * followed, by itself with that.
   */
  static void start(
      CpuTable table, CpuQuery query, ServerCallStreamObserver<WatchCpuUsageResponse> caller) {
    CpuWatch watch = new CpuWatch(table, query, caller);
    watch.begin(table.find(query));
  }

  private boolean followsAll() {
    return query.sandbox().isEmpty();
  }

  // Some of the same may have come by the subscription already.
  private synchronized void begin(List<CpuApportioned> newest) {
    if (followsAll()) {
      newest.stream().filter(figures -> !figures.getLast()).forEach(this::add);
    } else {
      newest.stream().max(CURRENT).ifPresent(this::add);
    }
    begun = true;
    flush();
  }

  private synchronized void take(CpuApportioned figures) {
    if (query.matches(figures)) {
      add(figures);
      flush();
    }
  }

  private void add(CpuApportioned figures) {
    if (sandboxUid == null && !followsAll()) {
      sandboxUid = figures.getSandboxUid();
    }
    if (sandboxUid == null || sandboxUid.equals(figures.getSandboxUid())) {
      var _ = pending.merge(figures.getSandboxUid(), figures, CpuWatch::newer);
    }
  }

  private static CpuApportioned newer(CpuApportioned one, CpuApportioned other) {
    return one.getSandboxSeq() > other.getSandboxSeq() ? one : other;
  }

  private synchronized void flush() {
    while (begun && !pending.isEmpty()) {
      CpuApportioned figures = pending.firstEntry().getValue();
      switch (sender.offer(WatchCpuUsageResponse.newBuilder().setUsage(figures).build())) {
        case ACCEPTED -> accepted(figures);
        case FULL -> {
          return;
        }
        case ENDED -> {
          unsubscribe();
          return;
        }
      }
    }
  }

  private void accepted(CpuApportioned figures) {
    pending.remove(figures.getSandboxUid());
    if (figures.getLast() && !followsAll()) {
      unsubscribe();
      sender.complete();
    }
  }

  private void unsubscribe() {
    subscription.close();
  }
}
