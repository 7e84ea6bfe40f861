package dev.caisson.auditor.rpc;

import dev.caisson.auditor.cpu.CpuQuery;
import dev.caisson.auditor.cpu.CpuTable;
import dev.caisson.proto.audit.v1.WatchCpuUsageResponse;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.rpc.FlowControlledSender;
import dev.caisson.rpc.FlowControlledSender.Sent;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * One caller that follows a sandbox. Figures are cumulative: a caller that reads slowly gets the
 * newest when it reads again, and nothing is queued for it. Thread-safe.
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
  private @Nullable String sandboxUid;
  private @Nullable CpuApportioned pending;
  private long sentSeq;

  private CpuWatch(
      CpuTable table, CpuQuery query, ServerCallStreamObserver<WatchCpuUsageResponse> caller) {
    this.query = query;
    this.sender = new FlowControlledSender<>(caller, this::flush, this::unsubscribe);
    this.subscription = table.listen(this::take);
  }

  /**
   * Begins with the newest figures, if there are any yet, and ends by itself with the sandbox or
   * the call.
   */
  static void start(
      CpuTable table, CpuQuery query, ServerCallStreamObserver<WatchCpuUsageResponse> caller) {
    CpuWatch watch = new CpuWatch(table, query, caller);
    table.find(query).stream().max(CURRENT).ifPresent(watch::take);
  }

  private synchronized void take(CpuApportioned figures) {
    boolean mine =
        sandboxUid == null
            ? query.matches(figures)
            : sandboxUid.equals(figures.getSandboxUid()) && figures.getSandboxSeq() > sentSeq;
    if (mine) {
      sandboxUid = figures.getSandboxUid();
      pending = figures;
      flush();
    }
  }

  private synchronized void flush() {
    CpuApportioned figures = pending;
    if (figures == null) {
      return;
    }
    Sent sent = sender.offer(WatchCpuUsageResponse.newBuilder().setUsage(figures).build());
    switch (sent) {
      case ACCEPTED -> accepted(figures);
      case FULL -> {}
      case ENDED -> unsubscribe();
    }
  }

  private void accepted(CpuApportioned figures) {
    sentSeq = figures.getSandboxSeq();
    pending = null;
    if (figures.getLast()) {
      unsubscribe();
      sender.complete();
    }
  }

  private void unsubscribe() {
    subscription.close();
  }
}
