package dev.caisson.client;

import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.BatchGetSandboxesRequest;
import dev.caisson.proto.v1.BatchGetSandboxesResponse;
import dev.caisson.proto.v1.CreateSandboxRequest;
import dev.caisson.proto.v1.DeleteSandboxRequest;
import dev.caisson.proto.v1.GetSandboxRequest;
import dev.caisson.proto.v1.GetSandboxStatisticsRequest;
import dev.caisson.proto.v1.ListSandboxStatisticsRequest;
import dev.caisson.proto.v1.ListSandboxStatisticsResponse;
import dev.caisson.proto.v1.ListSandboxesRequest;
import dev.caisson.proto.v1.ListSandboxesResponse;
import dev.caisson.proto.v1.NamedStatistics;
import dev.caisson.proto.v1.Sandbox;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.proto.v1.UpdateSandboxRequest;
import dev.caisson.proto.v1.WatchSandboxStatisticsRequest;
import dev.caisson.proto.v1.WatchSandboxesRequest;
import dev.caisson.proto.v1.WatchSandboxesResponse;
import dev.caisson.proto.v1.WatchSandboxesResponse.ChangeCase;
import java.util.Collection;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The service {@code caisson.v1.Sandboxes}; which errors a method has stands in its proto.
 * Mutations without a {@code request_id} get one. Thread-safe.
 */
public final class Sandboxes {
  private final Calls calls;
  private final Resumption resumption;

  Sandboxes(Calls calls, Resumption resumption) {
    this.calls = calls;
    this.resumption = resumption;
  }

  /** Makes a sandbox without any container. */
  public Mono<Sandbox> create(CreateSandboxRequest request) {
    return calls.unary(SandboxesGrpc.getCreateSandboxMethod(), request);
  }

  /** NOT_FOUND where there is none of this full name. */
  public Mono<Sandbox> get(String name) {
    return calls.unary(
        SandboxesGrpc.getGetSandboxMethod(), GetSandboxRequest.newBuilder().setName(name).build());
  }

  /**
   * All of a tenant, in the order of their ids, without their annotations. Read page by page, as
   * the subscriber takes them.
   *
   * @param parent {@code tenants/{tenant}}
   */
  public Flux<Sandbox> list(String parent) {
    return Pages.of(
        token ->
            calls.unary(
                SandboxesGrpc.getListSandboxesMethod(),
                ListSandboxesRequest.newBuilder()
                    .setParent(parent)
                    .setPageSize(Pages.SIZE)
                    .setPageToken(token)
                    .build()),
        ListSandboxesResponse::getSandboxesList,
        ListSandboxesResponse::getNextPageToken);
  }

  /** Changes limits of what runs. */
  public Mono<Sandbox> update(UpdateSandboxRequest request) {
    return calls.unary(SandboxesGrpc.getUpdateSandboxMethod(), request);
  }

  /** FAILED_PRECONDITION while it has containers, unless forced. */
  public Mono<Void> delete(DeleteSandboxRequest request) {
    return calls.unary(SandboxesGrpc.getDeleteSandboxMethod(), request).then();
  }

  /**
   * Many at once, all of them or none, in the order of the names.
   *
   * @param parent {@code tenants/{tenant}}
   * @param names 1 to 1,000 full names in it
   */
  public Flux<Sandbox> batchGet(String parent, Collection<String> names) {
    return calls
        .unary(
            SandboxesGrpc.getBatchGetSandboxesMethod(),
            BatchGetSandboxesRequest.newBuilder().setParent(parent).addAllNames(names).build())
        .flatMapIterable(BatchGetSandboxesResponse::getSandboxesList);
  }

  /**
   * What there is, and from then on whatever changes, without end. Goes on by itself as {@link
   * Events#watch(WatchEventsRequest)} does, from the time on that all has been told ({@code
   * synced}): cut off before that it fails, and what was told until then is to be forgotten.
   * Bookmarks, which carry a cursor and no change, are given to those who ask for them.
   */
  public Flux<WatchSandboxesResponse> watch(WatchSandboxesRequest request) {
    return resumption
        .of(
            calls,
            request.getCursor(),
            (repeated, cursor, whenAnswered) ->
                repeated.stream(
                    SandboxesGrpc.getWatchSandboxesMethod(),
                    request.toBuilder().setCursor(cursor).setBookmarks(true).build(),
                    whenAnswered),
            WatchSandboxesResponse::getCursor)
        .filter(answer ->
            request.getBookmarks() || answer.getChangeCase() != ChangeCase.CHANGE_NOT_SET);
  }

  /** What one uses, its containers included. */
  public Mono<Statistics> statistics(GetSandboxStatisticsRequest request) {
    return calls.unary(SandboxesGrpc.getGetSandboxStatisticsMethod(), request);
  }

  /**
   * Of all in the order of their names, page by page, as the subscriber takes them.
   *
   * @param parent {@code tenants/{tenant}}
   */
  public Flux<NamedStatistics> listStatistics(String parent) {
    return Pages.of(
        token ->
            calls.unary(
                SandboxesGrpc.getListSandboxStatisticsMethod(),
                ListSandboxStatisticsRequest.newBuilder()
                    .setParent(parent)
                    .setPageSize(Pages.SIZE)
                    .setPageToken(token)
                    .build()),
        ListSandboxStatisticsResponse::getStatisticsList,
        ListSandboxStatisticsResponse::getNextPageToken);
  }

  /**
   * At once, and then at the interval until it is deleted: NOT_FOUND. Goes on by itself where the
   * service was away; what was used meanwhile is in the next sample.
   */
  public Flux<Statistics> watchStatistics(WatchSandboxStatisticsRequest request) {
    return resumption.of(
        calls,
        Resumption.ANYWHERE,
        (repeated, _, whenAnswered) ->
            repeated.stream(SandboxesGrpc.getWatchSandboxStatisticsMethod(), request, whenAnswered),
        _ -> "");
  }
}
