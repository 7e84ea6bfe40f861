package dev.caisson.gateway.api;

import dev.caisson.gateway.admission.LivingQuota;
import dev.caisson.gateway.bridge.ServerCalls;
import dev.caisson.gateway.executor.ExecutorClient;
import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.journal.Cursor;
import dev.caisson.gateway.journal.JournalClient;
import dev.caisson.gateway.names.Ids;
import dev.caisson.gateway.names.SandboxName;
import dev.caisson.gateway.names.TenantName;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.BatchGetSandboxesRequest;
import dev.caisson.proto.v1.BatchGetSandboxesResponse;
import dev.caisson.proto.v1.CreateSandboxRequest;
import dev.caisson.proto.v1.DeleteSandboxRequest;
import dev.caisson.proto.v1.DeleteSandboxResponse;
import dev.caisson.proto.v1.GetSandboxRequest;
import dev.caisson.proto.v1.GetSandboxStatisticsRequest;
import dev.caisson.proto.v1.ListSandboxStatisticsRequest;
import dev.caisson.proto.v1.ListSandboxStatisticsResponse;
import dev.caisson.proto.v1.ListSandboxesRequest;
import dev.caisson.proto.v1.ListSandboxesResponse;
import dev.caisson.proto.v1.Sandbox;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.proto.v1.UpdateSandboxRequest;
import dev.caisson.proto.v1.WatchSandboxStatisticsRequest;
import dev.caisson.proto.v1.WatchSandboxesRequest;
import dev.caisson.proto.v1.WatchSandboxesResponse;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.List;
import reactor.core.publisher.Mono;

/** Sandboxes, as the public API has them. */
@Singleton
final class SandboxesService extends SandboxesGrpc.SandboxesImplBase {
  private final ExecutorClient executor;
  private final JournalClient journal;

  SandboxesService(ExecutorClient executor, JournalClient journal) {
    this.executor = executor;
    this.journal = journal;
  }

  @Override
  public void createSandbox(CreateSandboxRequest request, StreamObserver<Sandbox> responses) {
    TenantName parent = TenantName.parse("parent", request.getParent());
    Sandbox wanted = request.getSandbox();
    var create =
        dev.caisson.proto.executor.v1.CreateSandboxRequest.newBuilder()
            .setActor(Caller.current().actor(Ids.requireRequestId(request.getRequestId())))
            .setTenant(parent.tenant())
            .setSandboxId(Ids.require("sandbox_id", request.getSandboxId()))
            .setUserNamespace(wanted.getUserNamespace())
            .setHostname(wanted.getHostname())
            .putAllAnnotations(wanted.getAnnotationsMap())
            .addAllVolumes(wanted.getVolumesList())
            .setQuota(LivingQuota.current());
    if (wanted.hasNetwork()) {
      create.setNetwork(wanted.getNetwork());
    }
    if (wanted.hasResources()) {
      create.setResources(wanted.getResources());
    }
    ServerCalls.answer(responses, executor.createSandbox(create.build()).map(Resources::sandbox));
  }

  @Override
  public void getSandbox(GetSandboxRequest request, StreamObserver<Sandbox> responses) {
    SandboxName name = SandboxName.parse("name", request.getName());
    ServerCalls.answer(responses, get(name).map(Resources::sandbox));
  }

  private Mono<dev.caisson.proto.executor.v1.Sandbox> get(SandboxName name) {
    return executor.getSandbox(
        dev.caisson.proto.executor.v1.GetSandboxRequest.newBuilder()
            .setTenant(name.tenant())
            .setSandboxId(name.sandbox())
            .build());
  }

  @Override
  public void batchGetSandboxes(
      BatchGetSandboxesRequest request, StreamObserver<BatchGetSandboxesResponse> responses) {
    TenantName parent = TenantName.parse("parent", request.getParent());
    Mono<List<Sandbox>> all =
        Batch.get(
            request.getNamesList(),
            text -> {
              SandboxName name = SandboxName.parse("names", text);
              Batch.requireInParent(name.tenant().equals(parent.tenant()), text);
              return get(name)
                  .map(found -> Resources.sandbox(found.toBuilder().clearAnnotations().build()));
            });
    ServerCalls.answer(
        responses,
        all.map(found -> BatchGetSandboxesResponse.newBuilder().addAllSandboxes(found).build()));
  }

  @Override
  public void watchSandboxes(
      WatchSandboxesRequest request, StreamObserver<WatchSandboxesResponse> responses) {
    TenantName parent = TenantName.parse("parent", request.getParent());
    SandboxWatch watch =
        new SandboxWatch(executor, journal, parent.tenant(), request.getBookmarks());
    ServerCalls.stream(
        responses,
        request.getCursor().isEmpty()
            ? watch.fromNow()
            : watch.after(Cursor.parse(request.getCursor())));
  }

  @Override
  public void getSandboxStatistics(
      GetSandboxStatisticsRequest request, StreamObserver<Statistics> responses) {
    SandboxName name = SandboxName.parse("name", request.getName());
    ServerCalls.answer(responses, statistics(name.tenant(), name.sandbox(), request.getRaw()));
  }

  @Override
  public void listSandboxStatistics(
      ListSandboxStatisticsRequest request,
      StreamObserver<ListSandboxStatisticsResponse> responses) {
    TenantName parent = TenantName.parse("parent", request.getParent());
    Pages pages = Pages.of(parent.toString(), request.getPageSize(), request.getPageToken());
    ServerCalls.answer(
        responses,
        list(parent, pages)
            .flatMap(page ->
                StatisticsList.of(
                        page.getSandboxesList(),
                        one -> Resources.sandbox(one).getName(),
                        one -> statistics(one.getTenant(), one.getId(), false))
                    .map(all ->
                        ListSandboxStatisticsResponse.newBuilder()
                            .addAllStatistics(all)
                            .setNextPageToken(pages.token(page.getNext()))
                            .build())));
  }

  @Override
  public void watchSandboxStatistics(
      WatchSandboxStatisticsRequest request, StreamObserver<Statistics> responses) {
    SandboxName name = SandboxName.parse("name", request.getName());
    Interval interval = Interval.of(request.hasInterval(), request.getInterval());
    ServerCalls.stream(
        responses, interval.each(statistics(name.tenant(), name.sandbox(), request.getRaw())));
  }

  private Mono<Statistics> statistics(String tenant, String sandbox, boolean raw) {
    return executor.getSandboxStatistics(
        dev.caisson.proto.executor.v1.GetSandboxStatisticsRequest.newBuilder()
            .setTenant(tenant)
            .setSandboxId(sandbox)
            .setRaw(raw)
            .build());
  }

  @Override
  public void listSandboxes(
      ListSandboxesRequest request, StreamObserver<ListSandboxesResponse> responses) {
    TenantName parent = TenantName.parse("parent", request.getParent());
    Pages pages = Pages.of(parent.toString(), request.getPageSize(), request.getPageToken());
    ServerCalls.answer(responses, list(parent, pages).map(answer -> page(pages, answer)));
  }

  private Mono<dev.caisson.proto.executor.v1.ListSandboxesResponse> list(
      TenantName parent, Pages pages) {
    return executor.listSandboxes(
        dev.caisson.proto.executor.v1.ListSandboxesRequest.newBuilder()
            .setTenant(parent.tenant())
            .setLimit(pages.size())
            .setAfter(pages.after())
            .build());
  }

  @Override
  public void updateSandbox(UpdateSandboxRequest request, StreamObserver<Sandbox> responses) {
    SandboxName name = SandboxName.parse("sandbox.name", request.getSandbox().getName());
    var update =
        dev.caisson.proto.executor.v1.UpdateSandboxRequest.newBuilder()
            .setActor(Caller.current().actor(Ids.requireRequestId(request.getRequestId())))
            .setTenant(name.tenant())
            .setSandboxId(name.sandbox())
            .setResources(
                UpdateMask.ofSandboxes(request.getUpdateMask())
                    .taken(request.getSandbox().getResources()))
            .setQuota(LivingQuota.current())
            .build();
    ServerCalls.answer(responses, executor.updateSandbox(update).map(Resources::sandbox));
  }

  @Override
  public void deleteSandbox(
      DeleteSandboxRequest request, StreamObserver<DeleteSandboxResponse> responses) {
    SandboxName name = SandboxName.parse("name", request.getName());
    var delete =
        dev.caisson.proto.executor.v1.DeleteSandboxRequest.newBuilder()
            .setActor(Caller.current().actor(Ids.requireRequestId(request.getRequestId())))
            .setTenant(name.tenant())
            .setSandboxId(name.sandbox())
            .setForce(request.getForce())
            .build();
    ServerCalls.answer(
        responses,
        executor.deleteSandbox(delete).thenReturn(DeleteSandboxResponse.getDefaultInstance()));
  }

  private static ListSandboxesResponse page(
      Pages pages, dev.caisson.proto.executor.v1.ListSandboxesResponse answer) {
    return ListSandboxesResponse.newBuilder()
        .addAllSandboxes(answer.getSandboxesList().stream().map(Resources::sandbox).toList())
        .setNextPageToken(pages.token(answer.getNext()))
        .build();
  }
}
