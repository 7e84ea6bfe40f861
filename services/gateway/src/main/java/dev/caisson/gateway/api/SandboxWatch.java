package dev.caisson.gateway.api;

import dev.caisson.gateway.bridge.InContext;
import dev.caisson.gateway.errors.Upstream;
import dev.caisson.gateway.executor.ExecutorClient;
import dev.caisson.gateway.journal.Cursor;
import dev.caisson.gateway.journal.JournalClient;
import dev.caisson.gateway.names.SandboxName;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesResponse;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.v1.SandboxState;
import dev.caisson.proto.v1.WatchSandboxesResponse;
import dev.caisson.proto.v1.WatchSandboxesResponse.Synced;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Sandboxes as they come, change and go. The journal says which have changed, the executor how they
 * are now: what is told is never older than the event that it is told for.
 */
final class SandboxWatch {
  /** Of those that are there, asked for at the same time. */
  private static final int AT_ONCE = 8;

  /** How many changes may be told as one, and how long the first of them waits for others. */
  private static final int TOGETHER = 256;

  private static final Duration FOR_OTHERS = Duration.ofMillis(20);

  /** After which a sandbox or one of its containers is not as it was. */
  private static final Set<Event.PayloadCase> CHANGES =
      EnumSet.of(
          Event.PayloadCase.SANDBOX_CREATED,
          Event.PayloadCase.SANDBOX_LOST,
          Event.PayloadCase.SANDBOX_DELETED,
          Event.PayloadCase.CONTAINER_CREATED,
          Event.PayloadCase.CONTAINER_STARTED,
          Event.PayloadCase.CONTAINER_PAUSED,
          Event.PayloadCase.CONTAINER_RESUMED,
          Event.PayloadCase.CONTAINER_EXITED,
          Event.PayloadCase.CONTAINER_DELETED,
          Event.PayloadCase.OOM_SCORE_ADJUSTED,
          Event.PayloadCase.RESOURCES_UPDATED,
          Event.PayloadCase.RECOVERED);

  private final ExecutorClient executor;
  private final JournalClient journal;
  private final String tenant;
  private final boolean bookmarks;

  /**
   * @param bookmarks whether it also tells how far it has come, where nothing has changed
   */
  SandboxWatch(ExecutorClient executor, JournalClient journal, String tenant, boolean bookmarks) {
    this.executor = executor;
    this.journal = journal;
    this.tenant = tenant;
    this.bookmarks = bookmarks;
  }

  Flux<WatchSandboxesResponse> fromNow() {
    return Flux.defer(() -> {
      Context call = Context.current();
      // The end comes before what there is: what changes meanwhile is told twice, not never.
      return journal
          .end()
          .flatMapMany(now ->
              InContext.flux(call, all())
                  .concatWithValues(synced(now))
                  .concatWith(InContext.flux(call, after(now))));
    });
  }

  private static WatchSandboxesResponse synced(Cursor now) {
    return WatchSandboxesResponse.newBuilder()
        .setSynced(Synced.getDefaultInstance())
        .setCursor(now.toString())
        .build();
  }

  private Flux<WatchSandboxesResponse> all() {
    return page("")
        .expand(page -> page.getNext().isEmpty() ? Mono.empty() : page(page.getNext()))
        .concatMapIterable(ListSandboxesResponse::getSandboxesList, 1)
        .flatMapSequential(this::present, AT_ONCE, 1)
        .map(state -> WatchSandboxesResponse.newBuilder().setPresent(state).build());
  }

  private Mono<ListSandboxesResponse> page(String after) {
    return executor.listSandboxes(
        ListSandboxesRequest.newBuilder()
            .setTenant(tenant)
            .setLimit(Pages.DEFAULT_SIZE)
            .setAfter(after)
            .build());
  }

  private Mono<SandboxState> present(Sandbox sandbox) {
    ListContainersRequest containers =
        ListContainersRequest.newBuilder()
            .setTenant(tenant)
            .setSandboxId(sandbox.getId())
            .setLimit(Pages.MAX_SIZE)
            .build();
    return executor
        .listContainers(containers)
        .map(answer ->
            SandboxState.newBuilder()
                .setSandbox(Resources.sandbox(sandbox.toBuilder().clearAnnotations().build()))
                .addAllContainers(
                    answer.getContainersList().stream().map(Resources::container).toList())
                .build());
  }

  /** What has changed after a place in the journal. */
  Flux<WatchSandboxesResponse> after(Cursor cursor) {
    return Flux.defer(() -> {
      Context call = Context.current();
      AtomicReference<Cursor> reached = new AtomicReference<>(cursor);
      return Bookmarks.filter(
              journal.events(cursor, true),
              this::isChange,
              stored -> new Change(stored.place(), stored.event().getSubject().getSandboxId()),
              bookmarks ? place -> new Change(place, "") : null)
          .bufferTimeout(TOGETHER, FOR_OTHERS, true)
          .concatMap(
              changes -> told(changes, reached.getAndSet(changes.getLast().place()), call), 1);
    });
  }

  /**
   * What waits for others is as small as this.
   *
   * @param sandbox empty: none has changed
   */
  private record Change(Cursor place, String sandbox) {}

  private boolean isChange(Event event) {
    return CHANGES.contains(event.getPayloadCase())
        && event.getSubject().getTenant().equals(tenant)
        && !event.getSubject().getSandboxId().isEmpty();
  }

  /**
   * Each sandbox once, however many events it has had. Only with the last of them have all been
   * told: who is cut off earlier begins before the first.
   */
  private Flux<WatchSandboxesResponse> told(List<Change> changes, Cursor before, Context call) {
    String after = changes.getLast().place().toString();
    Set<String> changed = new LinkedHashSet<>();
    changes.forEach(change -> changed.add(change.sandbox()));
    changed.remove("");
    if (changed.isEmpty()) {
      return Flux.just(WatchSandboxesResponse.newBuilder().setCursor(after).build());
    }
    return Flux.fromIterable(changed)
        .concatMap(id -> InContext.mono(call, now(id)), 1)
        .index((told, change) ->
            change.toBuilder()
                .setCursor(told + 1 == changed.size() ? after : before.toString())
                .build());
  }

  private Mono<WatchSandboxesResponse> now(String id) {
    return executor
        .getSandbox(GetSandboxRequest.newBuilder().setTenant(tenant).setSandboxId(id).build())
        .flatMap(this::present)
        .map(state -> WatchSandboxesResponse.newBuilder().setPresent(state).build())
        .onErrorResume(SandboxWatch::isGone, _ -> Mono.just(removed(id)));
  }

  private static boolean isGone(Throwable error) {
    return Upstream.translate(error) instanceof StatusRuntimeException failure
        && failure.getStatus().getCode() == Status.Code.NOT_FOUND;
  }

  private WatchSandboxesResponse removed(String id) {
    return WatchSandboxesResponse.newBuilder()
        .setRemoved(new SandboxName(tenant, id).toString())
        .build();
  }
}
