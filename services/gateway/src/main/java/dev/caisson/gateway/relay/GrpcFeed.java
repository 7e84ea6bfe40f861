package dev.caisson.gateway.relay;

import dev.caisson.gateway.relay.Follower.Event;
import dev.caisson.proto.journal.v1.AcknowledgeRequest;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.ReadUsageRequest;
import dev.caisson.proto.journal.v1.ReadUsageResponse;
import io.grpc.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Both streams of the journal, from after a place. */
final class GrpcFeed implements JournalFeed {

  private static final Duration ACKNOWLEDGE_TIMEOUT = Duration.ofSeconds(10);

  private final JournalGrpc.JournalBlockingStub blocking;
  private final Batching batching;
  private final BlockingDeque<Event> arrived = new LinkedBlockingDeque<>();
  private final Follower<ReadRequest, ReadResponse> events;
  private final Follower<ReadUsageRequest, ReadUsageResponse> usage;

  GrpcFeed(Channel channel, Progress after, Batching batching) {
    this.batching = batching;
    this.blocking = JournalGrpc.newBlockingStub(channel);
    this.events =
        new Follower<>(response -> new Arrival.Events(response.getRecordsList()), arrived);
    this.usage =
        new Follower<>(response -> new Arrival.Samples(response.getRecordsList()), arrived);
    JournalGrpc.JournalStub stub = JournalGrpc.newStub(channel);
    stub.read(
        ReadRequest.newBuilder().setAfter(after.events().message()).setFollow(true).build(),
        events);
    stub.readUsage(
        ReadUsageRequest.newBuilder().setAfter(after.usage().message()).setFollow(true).build(),
        usage);
  }

  @Override
  public List<Arrival> take(Duration patience) throws InterruptedException {
    List<Arrival> arrivals = new ArrayList<>();
    Optional<Arrival> first = arrival(arrived.poll(patience.toNanos(), TimeUnit.NANOSECONDS));
    if (first.isPresent()) {
      arrivals.add(first.get());
      collect(arrivals);
    }
    return arrivals;
  }

  // What came before a stream's end can be relayed; what ended it is thrown by the next call.
  private void collect(List<Arrival> arrivals) throws InterruptedException {
    long end = System.nanoTime() + batching.linger().toNanos();
    long bytes = arrivals.getFirst().bytes();
    while (bytes < batching.bytes()) {
      Event next = arrived.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (next instanceof Event.Ended) {
        arrived.addFirst(next);
        return;
      }
      Optional<Arrival> more = arrival(next);
      if (more.isEmpty()) {
        return;
      }
      arrivals.add(more.get());
      bytes += more.get().bytes();
    }
  }

  /** What has come with it; empty: nothing, and it is not to be waited for. */
  private Optional<Arrival> arrival(@Nullable Event event) {
    return switch (event) {
      case Event.Arrived(Arrival arrival, Follower<?, ?> source) -> {
        source.next();
        yield Optional.of(arrival);
      }
      case Event.Ended(Throwable cause, Follower<?, ?> source) ->
          throw JournalErrors.of(cause, source == events);
      case Event.Woken _ -> Optional.empty();
      case null -> Optional.empty();
    };
  }

  @Override
  public void wake() {
    arrived.add(new Event.Woken());
  }

  @Override
  public void acknowledge(Progress progress) {
    var _ =
        blocking
            .withDeadlineAfter(ACKNOWLEDGE_TIMEOUT.toSeconds(), TimeUnit.SECONDS)
            .acknowledge(
                AcknowledgeRequest.newBuilder()
                    .setEvents(progress.events().message())
                    .setUsage(progress.usage().message())
                    .build());
  }

  @Override
  public void close() {
    events.cancel();
    usage.cancel();
  }
}
