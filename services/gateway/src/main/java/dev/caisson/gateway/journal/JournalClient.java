package dev.caisson.gateway.journal;

import dev.caisson.gateway.bridge.ClientCalls;
import dev.caisson.gateway.errors.Upstream;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.Position;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.Record;
import io.grpc.ManagedChannel;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reads events from the executor's journal. Thread-safe. */
@Singleton
public final class JournalClient {
  private final JournalGrpc.JournalStub stub;

  /** The farthest position that anybody has read: where the search for the end begins. */
  private final AtomicReference<Cursor> farthest = new AtomicReference<>(Cursor.BEGIN);

  JournalClient(@Named("journal") ManagedChannel channel) {
    this.stub = JournalGrpc.newStub(channel);
  }

  /**
   * The durable records after a position, in order.
   *
   * @param follow whether to go on with new ones; otherwise it ends with the last
   */
  public Flux<Record> read(Cursor after, boolean follow) {
    return responses(after, follow)
        .concatMapIterable(ReadResponse::getRecordsList, 1)
        .doOnNext(event -> seen(event.getPosition()))
        .onErrorMap(error -> CursorErrors.translate(error, after))
        .onErrorMap(Upstream::translate);
  }

  /** The position of the last durable record. */
  public Mono<Cursor> end() {
    return Mono.defer(() -> {
      Cursor start = Objects.requireNonNull(farthest.get());
      return read(start, false)
          .map(event -> Cursor.of(event.getPosition()))
          .last(start)
          .onErrorResume(
              error -> !start.equals(Cursor.BEGIN) && CursorErrors.isCursor(error),
              error -> restart());
    });
  }

  /** The journal is not the one that was read before, or that part of it is gone. */
  private Mono<Cursor> restart() {
    farthest.set(Cursor.BEGIN);
    return end();
  }

  private Flux<ReadResponse> responses(Cursor after, boolean follow) {
    ReadRequest request =
        ReadRequest.newBuilder().setAfter(after.position()).setFollow(follow).build();
    return ClientCalls.serverStream(request, stub::read);
  }

  private void seen(Position position) {
    Cursor cursor = Cursor.of(position);
    farthest.accumulateAndGet(cursor, (old, now) -> old.compareTo(now) < 0 ? now : old);
  }
}
