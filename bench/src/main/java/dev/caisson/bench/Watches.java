package dev.caisson.bench;

import com.google.protobuf.Duration;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.proto.v1.WatchContainerStatisticsRequest;
import dev.caisson.proto.v1.WatchSandboxesRequest;
import dev.caisson.proto.v1.WatchSandboxesResponse;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Callers who watch, over one connection: as many as are let in. */
final class Watches implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;
  private static final int FAREWELL_SECONDS = 10;

  /** The longest that there is: none of them says anything while it is measured. */
  private static final Duration INTERVAL = Duration.newBuilder().setSeconds(3600).build();

  private final ManagedChannel channel;
  private final List<Watch<?>> all = new ArrayList<>();

  private Watches(Path socket) {
    this.channel = Channels.unixNonBlocking(socket);
  }

  /** Of the sandboxes of a tenant, each behind all that there is of them. */
  static Watches ofSandboxes(Path socket, int count) throws Exception {
    Watches watches = new Watches(socket);
    SandboxesGrpc.SandboxesStub sandboxes = SandboxesGrpc.newStub(watches.channel);
    WatchSandboxesRequest request =
        WatchSandboxesRequest.newBuilder().setParent(Lives.PARENT).build();
    return watches.open(
        count,
        () -> new Watch<>(WatchSandboxesResponse::hasSynced),
        watch -> sandboxes.watchSandboxes(request, watch));
  }

  /** Of what that container uses, each behind its first answer. */
  static Watches ofStatistics(Path socket, String container, int count) throws Exception {
    Watches watches = new Watches(socket);
    ContainersGrpc.ContainersStub containers = ContainersGrpc.newStub(watches.channel);
    WatchContainerStatisticsRequest request =
        WatchContainerStatisticsRequest.newBuilder()
            .setName(Lives.name(container))
            .setInterval(INTERVAL)
            .build();
    return watches.open(
        count,
        () -> new Watch<Statistics>(_ -> true),
        watch -> containers.watchContainerStatistics(request, watch));
  }

  private interface Maker<T> {
    Watch<T> make();
  }

  /** One after the other, until one is refused: the next would be, too. */
  private <T> Watches open(int count, Maker<T> maker, Consumer<Watch<T>> call) throws Exception {
    try {
      boolean admitted = true;
      while (admitted && all.size() < count) {
        Watch<T> watch = maker.make();
        call.accept(watch);
        admitted = watch.begun.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        all.add(watch);
      }
      return this;
    } catch (Exception failure) {
      close();
      throw failure;
    }
  }

  /** How many have begun. */
  int begun() {
    return (int) all.stream().filter(watch -> watch.begun.join()).count();
  }

  /** How many have been told of something since, which shows that they watch; waits for all. */
  int awaitChange() throws Exception {
    int told = 0;
    for (Watch<?> watch : all) {
      told += watch.changed.get(PATIENCE_SECONDS, TimeUnit.SECONDS) ? 1 : 0;
    }
    return told;
  }

  /** Waits a little for the ends to be sent, so that what comes next is not disturbed by them. */
  @Override
  public void close() {
    channel.shutdownNow();
    try {
      var _ = channel.awaitTermination(FAREWELL_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Each step is true once it is taken, false where there was no room for this one. */
  static final class Watch<T> implements StreamObserver<T> {
    private final Predicate<T> beginning;
    final CompletableFuture<Boolean> begun = new CompletableFuture<>();
    final CompletableFuture<Boolean> changed = new CompletableFuture<>();

    /**
     * @param beginning whether this message tells that all before it has been told
     */
    Watch(Predicate<T> beginning) {
      this.beginning = beginning;
    }

    @Override
    public void onNext(T message) {
      if (begun.isDone()) {
        changed.complete(true);
      } else if (beginning.test(message)) {
        begun.complete(true);
      }
    }

    @Override
    public void onError(Throwable failure) {
      if (Status.fromThrowable(failure).getCode() == Status.Code.RESOURCE_EXHAUSTED) {
        begun.complete(false);
        changed.complete(false);
      } else {
        begun.completeExceptionally(failure);
        changed.completeExceptionally(failure);
      }
    }

    @Override
    public void onCompleted() {
      onError(new IllegalStateException("A watch has ended by itself"));
    }
  }
}
