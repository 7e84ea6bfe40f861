package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.types.v1.Volume;
import dev.caisson.proto.v1.CreateSandboxRequest;
import dev.caisson.proto.v1.DeleteSandboxRequest;
import dev.caisson.proto.v1.GetSandboxRequest;
import dev.caisson.proto.v1.ListSandboxesRequest;
import dev.caisson.proto.v1.Sandbox;
import dev.caisson.proto.v1.UpdateSandboxRequest;
import io.grpc.Status;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SandboxesTest {
  private static final Volume VOLUME =
      Volume.newBuilder()
          .setName("data")
          .setType(Volume.Type.TMPFS)
          .setShare(Volume.Share.POD)
          .addOptions("size=1m")
          .build();

  @TempDir static Path directory;
  private static GatewayFixture gateway;

  @BeforeAll
  static void start() throws Exception {
    gateway = GatewayFixture.start(directory);
  }

  @AfterAll
  static void stop() throws Exception {
    gateway.close();
  }

  @BeforeEach
  void forget() {
    gateway.executor.sandboxes.clear();
  }

  @Test
  void createsASandboxWithAUserNamespaceOfItsOwn() {
    Sandbox made = create("pod");
    assertThat(made.getName()).isEqualTo("tenants/t/sandboxes/pod");
    assertThat(made.getUid()).isEqualTo("uid-pod");
    assertThat(made.getAnnotationsMap()).containsEntry("a", "b");
    assertThat(made.getVolumesList()).containsExactly(VOLUME);
    assertThat(made.getDegradedList()).containsExactly("a score");
    var asked = gateway.executor.last(dev.caisson.proto.executor.v1.CreateSandboxRequest.class);
    assertThat(asked.getUserNamespace().getMode()).isEqualTo(UserNamespace.Mode.AUTO);
    assertThat(asked.getResources().getPids().getLimit()).isEqualTo(9);
    assertThat(asked.getHostname()).isEqualTo("h");
    assertThat(asked.getVolumesList()).containsExactly(VOLUME);
    assertThat(asked.getActor().getRequestId()).isEqualTo("r");
  }

  @Test
  void findsListsAndDeletesSandboxes() {
    create("one");
    create("two");
    assertThat(get("tenants/t/sandboxes/one").getUid()).isEqualTo("uid-one");
    assertThat(
            gateway
                .sandboxes()
                .listSandboxes(ListSandboxesRequest.newBuilder().setParent("tenants/t").build())
                .getSandboxesList())
        .extracting(Sandbox::getName)
        .containsExactly("tenants/t/sandboxes/one", "tenants/t/sandboxes/two");
    gateway
        .sandboxes()
        .deleteSandbox(
            DeleteSandboxRequest.newBuilder().setName("tenants/t/sandboxes/one").build());
    assertThat(refused(() -> get("tenants/t/sandboxes/one")).getStatus().getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void updatesTheLimitsOfASandbox() {
    create("one");
    Resources.Builder limits = Resources.newBuilder();
    limits.getPidsBuilder().setLimit(5);
    limits.getCpuBuilder().setShares(2);
    UpdateSandboxRequest.Builder update =
        UpdateSandboxRequest.newBuilder()
            .setSandbox(
                Sandbox.newBuilder().setName("tenants/t/sandboxes/one").setResources(limits))
            .setRequestId("r-8");
    assertThat(gateway.sandboxes().updateSandbox(update.build()).getResources())
        .isEqualTo(limits.build());
    update.getUpdateMaskBuilder().addPaths("resources.pids.limit");
    assertThat(gateway.sandboxes().updateSandbox(update.build()).getResources())
        .isEqualTo(limits.clone().clearCpu().build());
    assertThat(
            gateway
                .executor
                .last(dev.caisson.proto.executor.v1.UpdateSandboxRequest.class)
                .getActor()
                .getRequestId())
        .isEqualTo("r-8");
    update.getUpdateMaskBuilder().addPaths("hostname");
    assertThat(
            info(refused(() -> gateway.sandboxes().updateSandbox(update.build())))
                .getMetadataOrThrow("field"))
        .isEqualTo("update_mask");
    update.getSandboxBuilder().setName("tenants/t/sandboxes/none");
    update.clearUpdateMask();
    assertThat(
            refused(() -> gateway.sandboxes().updateSandbox(update.build())).getStatus().getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void listsInPages() {
    create("one");
    create("two");
    var first =
        gateway
            .sandboxes()
            .listSandboxes(
                ListSandboxesRequest.newBuilder().setParent("tenants/t").setPageSize(1).build());
    assertThat(first.getSandboxesCount()).isEqualTo(1);
    var second =
        gateway
            .sandboxes()
            .listSandboxes(
                ListSandboxesRequest.newBuilder()
                    .setParent("tenants/t")
                    .setPageSize(1)
                    .setPageToken(first.getNextPageToken())
                    .build());
    assertThat(second.getSandboxes(0).getName()).isEqualTo("tenants/t/sandboxes/two");
    assertThat(second.getNextPageToken()).isEmpty();
  }

  @Test
  void refusesNamesAndIdsThatAreNone() {
    assertThat(info(refused(() -> get("tenants/t/sandboxes/-"))).getReason())
        .isEqualTo("INVALID_NAME");
    assertThat(info(refused(() -> create(".."))).getMetadataOrThrow("field"))
        .isEqualTo("sandbox_id");
  }

  private static Sandbox create(String id) {
    return gateway
        .sandboxes()
        .createSandbox(
            CreateSandboxRequest.newBuilder()
                .setParent("tenants/t")
                .setSandboxId(id)
                .setRequestId("r")
                .setSandbox(
                    Sandbox.newBuilder()
                        .setHostname("h")
                        .putAnnotations("a", "b")
                        .addVolumes(VOLUME)
                        .setResources(
                            Resources.newBuilder()
                                .setPids(Resources.Pids.newBuilder().setLimit(9))))
                .build());
  }

  private static Sandbox get(String name) {
    return gateway.sandboxes().getSandbox(GetSandboxRequest.newBuilder().setName(name).build());
  }
}
