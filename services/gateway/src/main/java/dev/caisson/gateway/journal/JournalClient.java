package dev.caisson.gateway.journal;

import dev.caisson.gateway.bridge.ClientCalls;
import dev.caisson.gateway.bridge.InContext;
import dev.caisson.gateway.errors.Upstream;
import dev.caisson.proto.journal.v1.GetEndRequest;
import dev.caisson.proto.journal.v1.GetEndResponse;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.rpc.Channels;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Reads events from the executor's journal, for any number of watchers. Thread-safe. */
@Singleton
public final class JournalClient {
  /** Each takes a thread of the executor until the record is durable. */
  private static final int ENDS_AT_ONCE = 16;

  private final JournalGrpc.JournalStub stub;
  private final JournalPages pages;
  private final JournalTail tail;
  private final WaitingLine ends = new WaitingLine(ENDS_AT_ONCE, Schedulers.parallel());

  @Inject
  JournalClient(@Named("journal") ManagedChannel channel) {
    this(channel, JournalBounds.DEFAULT);
  }

  JournalClient(ManagedChannel channel, JournalBounds bounds) {
    this.stub = JournalGrpc.newStub(channel);
    this.pages =
        new JournalPages(
            place -> read(request(place).setMaxRecords(JournalPages.RECORDS)),
            bounds,
            Schedulers.parallel());
    this.tail =
        new JournalTail(
            place -> read(request(place).setFollow(true)), bounds, Schedulers.parallel());
  }

  /**
   * The durable events after a position, in order.
   *
   * @param follow whether to go on with new ones; otherwise it ends with the last
   */
  public Flux<JournalEvent> events(Cursor after, boolean follow) {
    return Flux.defer(() -> {
      Reading reading = new Reading(after, pages, tail, Context.current());
      return (follow ? reading.follow() : wantedEnd().flatMapMany(reading::upTo))
          .onErrorMap(error -> CursorErrors.translate(error, reading.place()))
          .onErrorMap(Upstream::translate);
    });
  }

  /** The position of the last record that has been written, which is durable then. */
  public Mono<Cursor> end() {
    return lastWritten().onErrorMap(Upstream::translate);
  }

  /** Of a journal whose disk has failed all that is durable is wanted: to where its pages end. */
  private Mono<Cursor> wantedEnd() {
    return lastWritten().onErrorResume(JournalRefusals::isClosed, _ -> Mono.just(Cursor.AFTER_ALL));
  }

  private Mono<Cursor> lastWritten() {
    return Mono.defer(() -> {
      Flux<GetEndResponse> asked =
          InContext.flux(Context.current(), askedForEnd().flux())
              .retryWhen(JournalRefusals.untilThereIsRoom());
      return ends.inTurn(asked).single().map(response -> Cursor.of(response.getEnd()));
    });
  }

  private Mono<GetEndResponse> askedForEnd() {
    return ClientCalls.unary(
        GetEndRequest.getDefaultInstance(),
        (request, answer) -> Channels.withDeadline(stub).getEnd(request, answer));
  }

  private static ReadRequest.Builder request(Cursor after) {
    return ReadRequest.newBuilder().setAfter(after.position());
  }

  private Flux<ReadResponse> read(ReadRequest.Builder request) {
    return ClientCalls.serverStream(request.build(), stub::read);
  }
}
