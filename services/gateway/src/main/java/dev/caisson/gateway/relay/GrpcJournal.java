package dev.caisson.gateway.relay;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.journal.v1.GetBacklogRequest;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The journal over its socket. */
final class GrpcJournal implements JournalFeed.Source, LagWatch.Source {

  private static final Duration FIRST_RECORD_TIMEOUT = Duration.ofSeconds(10);

  // Whoever looks at metrics or health waits for it.
  private static final Duration BACKLOG_TIMEOUT = Duration.ofSeconds(1);

  private final Channel channel;
  private final Batching batching;

  GrpcJournal(Channel channel, Batching batching) {
    this.channel = channel;
    this.batching = batching;
  }

  @Override
  public String node() {
    // The stream ends with its context, whatever is still under way.
    Context.CancellableContext context = Context.current().withCancellation();
    Context before = context.attach();
    try {
      return nodeOfRecordAfter(Place.START);
    } catch (StatusRuntimeException e) {
      Optional<Place> oldest = JournalErrors.oldest(e);
      if (oldest.isEmpty()) {
        throw e;
      }
      return nodeOfRecordAfter(oldest.get());
    } finally {
      context.detach(before);
      context.cancel(null);
    }
  }

  @Override
  public JournalFeed open(Progress after) {
    return new GrpcFeed(channel, after, batching);
  }

  @Override
  public Lag lag(Progress after) {
    return Lag.of(
        JournalGrpc.newBlockingStub(channel)
            .withDeadlineAfter(BACKLOG_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
            .getBacklog(
                GetBacklogRequest.newBuilder()
                    .setEvents(after.events().message())
                    .setUsage(after.usage().message())
                    .build()));
  }

  private String nodeOfRecordAfter(Place after) {
    Iterator<ReadResponse> responses =
        JournalGrpc.newBlockingStub(channel)
            .withDeadlineAfter(FIRST_RECORD_TIMEOUT.toSeconds(), TimeUnit.SECONDS)
            .read(ReadRequest.newBuilder().setAfter(after.message()).setFollow(true).build());
    while (responses.hasNext()) {
      ReadResponse response = responses.next();
      if (response.getRecordsCount() > 0) {
        return node(response.getRecords(0).getEvent());
      }
    }
    throw new IllegalStateException("The journal has no record");
  }

  private static String node(ByteString event) {
    try {
      String node = Event.parseFrom(event).getNode();
      if (node.isEmpty()) {
        throw new IllegalStateException("The journal's first record names no node");
      }
      return node;
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("The journal's first record cannot be read", e);
    }
  }
}
