package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.HookStarted;
import dev.caisson.proto.events.v1.SandboxDeleted;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.v1.BatchGetContainersRequest;
import dev.caisson.proto.v1.BatchGetSandboxesRequest;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.Sandbox;
import dev.caisson.proto.v1.SandboxState;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.proto.v1.WatchSandboxesRequest;
import dev.caisson.proto.v1.WatchSandboxesResponse;
import dev.caisson.proto.v1.WatchSandboxesResponse.ChangeCase;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many sandboxes at once: as they are, and as they change. */
@Timeout(60)
class SandboxWatchTest {
  private static final String POD = "tenants/t/sandboxes/pod";

  @TempDir Path directory;
  private GatewayFixture gateway;

  @BeforeEach
  void start() throws Exception {
    gateway = GatewayFixture.start(directory);
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void tellsWhatThereIsAndThenWhatChanges() throws Exception {
    pod("t", "pod", "a", "b");
    pod("u", "secret", "c");
    var watch = watch("");
    SandboxState first = watch.next().getPresent();
    assertThat(first.getSandbox().getName()).isEqualTo(POD);
    assertThat(first.getContainersList())
        .extracting(Container::getName)
        .containsExactly(POD + "/containers/a", POD + "/containers/b");
    assertThat(watch.next().hasSynced()).isTrue();

    Awaitility.await().until(() -> gateway.journal.followers() == 1);
    gateway.executor.add("t", "pod", "d");
    gateway.journal.append(started("t", "pod"));
    WatchSandboxesResponse change = watch.next();
    assertThat(change.getPresent().getContainersCount()).isEqualTo(3);
    assertThat(change.getCursor()).isNotEmpty();

    gateway.executor.sandboxes.remove("t/pod");
    gateway.journal.append(deleted("t", "pod"));
    assertThat(watch.next().getRemoved()).isEqualTo(POD);
  }

  @Test
  void saysNothingOfOthersAndOfWhatChangesNothing() throws Exception {
    pod("t", "pod", "a");
    var watch = watch("");
    watch.next();
    watch.next();
    Awaitility.await().until(() -> gateway.journal.followers() == 1);
    gateway.journal.append(started("u", "secret"));
    gateway.journal.append(of("t", "pod").setHookStarted(HookStarted.getDefaultInstance()).build());
    gateway.journal.append(deleted("t", "gone"));
    assertThat(watch.next().getRemoved()).isEqualTo("tenants/t/sandboxes/gone");
  }

  @Test
  void tellsHowFarItHasComeToThoseWhoAskForThat() throws Exception {
    pod("t", "pod", "a");
    for (int i = 0; i < 600; i++) {
      gateway.journal.append(started("u", "secret"));
    }
    gateway.journal.append(started("t", "pod"));
    var watch = watch(WatchSandboxesRequest.newBuilder().setCursor("begin").setBookmarks(true));
    WatchSandboxesResponse answer = watch.next();
    while (answer.getChangeCase() == ChangeCase.CHANGE_NOT_SET) {
      assertThat(answer.getCursor()).isIn("3.256", "3.512");
      answer = watch.next();
    }
    assertThat(answer.getPresent().getSandbox().getName()).isEqualTo(POD);
    assertThat(answer.getCursor()).isEqualTo("3.601");
  }

  @Test
  void tellsManyChangesOfOneAsOne() throws Exception {
    pod("t", "pod", "a");
    for (int i = 0; i < 100; i++) {
      gateway.journal.append(started("t", "pod"));
    }
    gateway.journal.append(deleted("t", "gone"));
    var watch = watch("begin");
    assertThat(watch.next().getPresent().getSandbox().getName()).isEqualTo(POD);
    WatchSandboxesResponse last = watch.next();
    assertThat(last.getRemoved()).isEqualTo("tenants/t/sandboxes/gone");

    gateway.journal.append(started("t", "pod"));
    var later = watch(last.getCursor());
    assertThat(later.next().getPresent().getSandbox().getName()).isEqualTo(POD);
  }

  @Test
  void losesNoChangeToOneWhoIsCutOffBetweenTwoThatCameTogether() throws Exception {
    pod("t", "pod", "a");
    pod("t", "other", "b");
    gateway.journal.append(started("t", "pod"));
    gateway.journal.append(started("t", "other"));
    WatchSandboxesResponse first = watch("begin").next();
    assertThat(first.getPresent().getSandbox().getName()).isEqualTo(POD);

    var later = watch(first.getCursor());
    assertThat(List.of(later.next(), later.next()))
        .extracting(change -> change.getPresent().getSandbox().getName())
        .contains("tenants/t/sandboxes/other");
  }

  @Test
  void getsManyInTheirOrder() {
    pod("t", "pod", "a", "b");
    pod("t", "other", "c");
    assertThat(
            gateway
                .sandboxes()
                .batchGetSandboxes(sandboxes("tenants/t/sandboxes/other", POD))
                .getSandboxesList())
        .extracting(Sandbox::getName)
        .containsExactly("tenants/t/sandboxes/other", POD);
    String wildcard = "tenants/t/sandboxes/-/containers/c";
    List<Container> found =
        gateway
            .containers()
            .batchGetContainers(containers("-", POD + "/containers/b", wildcard))
            .getContainersList();
    assertThat(found)
        .extracting(Container::getName)
        .containsExactly(POD + "/containers/b", "tenants/t/sandboxes/other/containers/c");
    assertThat(found).noneMatch(Container::hasSpec);
  }

  @Test
  void getsAllOfThemOrNone() {
    pod("t", "pod", "a");
    StatusRuntimeException none = refused(() -> batch(sandboxes(POD, "tenants/t/sandboxes/none")));
    assertThat(info(none).getReason()).isEqualTo("SANDBOX_NOT_FOUND");
    for (var wrong :
        List.of(
            sandboxes(),
            sandboxes("tenants/u/sandboxes/pod"),
            sandboxes("pod"),
            sandboxes(Collections.nCopies(1_001, POD).toArray(String[]::new)))) {
      assertThat(info(refused(() -> batch(wrong))).getReason())
          .isIn("INVALID_FIELD", "INVALID_NAME");
    }
    var elsewhere = containers("other", POD + "/containers/a");
    StatusRuntimeException error =
        refused(() -> gateway.containers().batchGetContainers(elsewhere));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  private List<Sandbox> batch(BatchGetSandboxesRequest request) {
    return gateway.sandboxes().batchGetSandboxes(request).getSandboxesList();
  }

  private static BatchGetSandboxesRequest sandboxes(String... names) {
    return BatchGetSandboxesRequest.newBuilder()
        .setParent("tenants/t")
        .addAllNames(List.of(names))
        .build();
  }

  private static BatchGetContainersRequest containers(String sandbox, String... names) {
    return BatchGetContainersRequest.newBuilder()
        .setParent("tenants/t/sandboxes/" + sandbox)
        .addAllNames(List.of(names))
        .build();
  }

  private void pod(String tenant, String id, String... containers) {
    gateway.executor.sandboxes.put(
        tenant + "/" + id,
        dev.caisson.proto.executor.v1.Sandbox.newBuilder().setTenant(tenant).setId(id).build());
    for (String container : containers) {
      gateway.executor.add(tenant, id, container);
    }
  }

  private static Event.Builder of(String tenant, String sandbox) {
    return Event.newBuilder()
        .setSubject(Subject.newBuilder().setTenant(tenant).setSandboxId(sandbox));
  }

  private static Event started(String tenant, String sandbox) {
    return of(tenant, sandbox).setContainerStarted(ContainerStarted.getDefaultInstance()).build();
  }

  private static Event deleted(String tenant, String sandbox) {
    return of(tenant, sandbox).setSandboxDeleted(SandboxDeleted.getDefaultInstance()).build();
  }

  private StreamProbe<WatchSandboxesRequest, WatchSandboxesResponse> watch(String cursor) {
    return watch(WatchSandboxesRequest.newBuilder().setCursor(cursor));
  }

  private StreamProbe<WatchSandboxesRequest, WatchSandboxesResponse> watch(
      WatchSandboxesRequest.Builder request) {
    StreamProbe<WatchSandboxesRequest, WatchSandboxesResponse> watch = new StreamProbe<>();
    SandboxesGrpc.newStub(gateway.channel)
        .watchSandboxes(request.setParent("tenants/t").build(), watch);
    return watch;
  }
}
