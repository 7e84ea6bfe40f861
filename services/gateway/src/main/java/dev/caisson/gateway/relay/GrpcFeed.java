package dev.caisson.gateway.relay;

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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Both streams of the journal, from after a place. */
final class GrpcFeed implements JournalFeed {

  private static final Duration ACKNOWLEDGE_TIMEOUT = Duration.ofSeconds(10);

  private final JournalGrpc.JournalBlockingStub blocking;
  private final BlockingQueue<Follower.Event> arrived = new LinkedBlockingQueue<>();
  private final Follower<ReadRequest, ReadResponse> events;
  private final Follower<ReadUsageRequest, ReadUsageResponse> usage;

  GrpcFeed(Channel channel, Progress after) {
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
    List<Follower.Event> taken = new ArrayList<>();
    Follower.Event first = arrived.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    if (first != null) {
      taken.add(first);
      arrived.drainTo(taken);
    }
    List<Arrival> arrivals = new ArrayList<>();
    for (Follower.Event event : taken) {
      arrivals.add(arrival(event));
    }
    return arrivals;
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

  private Arrival arrival(Follower.Event event) {
    @Nullable Arrival arrival = event.arrival();
    if (arrival == null) {
      throw JournalErrors.of(event.end(), event.source() == events);
    }
    event.source().next();
    return arrival;
  }
}
