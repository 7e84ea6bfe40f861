package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.executor.v1.TenantQuota;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What a tenant may have is held against what there is. */
class TenantQuotaIT extends OnNode {
  private static final long MEGABYTE = 1 << 20;
  private static final TenantQuota THREE = TenantQuota.newBuilder().setSandboxes(3).build();
  private static final TenantQuota MEMORY =
      TenantQuota.newBuilder().setMemoryBytes(100 * MEGABYTE).build();

  private static ContainerSpec.Builder spec(long megabytes) {
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.getResourcesBuilder().getMemoryBuilder().setLimit(megabytes * MEGABYTE);
    return spec;
  }

  private static CreateContainerRequest.Builder request(String id, TenantQuota quota) {
    return node.request(id, node.spec("sleep", "60")).setQuota(quota);
  }

  private static Container create(CreateContainerRequest.Builder request) {
    return node.stub().createContainer(request.build());
  }

  private static Sandbox createSandbox(String id, TenantQuota quota) {
    return node.stub().createSandbox(TestNode.sandboxRequest(id).setQuota(quota).build());
  }

  private static Container update(String id, long megabytes, TenantQuota quota) {
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit(megabytes < 0 ? -1 : megabytes * MEGABYTE);
    return node.stub()
        .updateContainer(
            UpdateContainerRequest.newBuilder()
                .setActor(TestNode.actor())
                .setTenant(TestNode.TENANT)
                .setContainerId(id)
                .setResources(limits)
                .setQuota(quota)
                .build());
  }

  private static Sandbox updateSandbox(String id, long megabytes, TenantQuota quota) {
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit(megabytes < 0 ? -1 : megabytes * MEGABYTE);
    return node.stub()
        .updateSandbox(
            UpdateSandboxRequest.newBuilder()
                .setActor(TestNode.actor())
                .setTenant(TestNode.TENANT)
                .setSandboxId(id)
                .setResources(limits)
                .setQuota(quota)
                .build());
  }

  private static Problem exceeded(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    return Problem.of(call).is(Status.Code.RESOURCE_EXHAUSTED, Reason.QUOTA_EXCEEDED);
  }

  @Test
  void sandboxesAreCountedUntilTheyAreDeleted() {
    var _ = createSandbox("a", THREE);
    var _ = create(request("b", THREE));
    var _ = create(request("c", THREE));
    exceeded(() -> createSandbox("d", THREE)).says("may have 3 sandboxes", "has 3");
    exceeded(() -> create(request("d", THREE)));
    assertThat(node.createIn("a", "in-a", node.spec("true")).getId()).isEqualTo("in-a");
    node.delete("b", true);
    var _ = createSandbox("d", THREE);
    exceeded(() -> create(request("b", THREE)));
    node.deleteSandbox("d", false);
    node.deleteSandbox("a", true);
    var _ = create(request("b", THREE));
    var _ = createSandbox("a", THREE);
  }

  @Test
  void whatFailsTakesNothing() {
    for (int i = 0; i < 20; i++) {
      ContainerSpec.Builder spec = node.spec("true");
      spec.addMounts(
          Mount.newBuilder().setDestination("/bin/busybox/x").setType("tmpfs").setSource("tmpfs"));
      assertThatThrownBy(() -> create(node.request("bad", spec).setQuota(THREE)))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessageContaining("/bin/busybox");
    }
    var _ = createSandbox("web", THREE);
    Problem.of(() -> create(request("web", THREE)))
        .is(Status.Code.ALREADY_EXISTS, Reason.SANDBOX_EXISTS);
    Problem.of(() -> create(request("x", THREE).setSandboxId("none")))
        .is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
    var _ = createSandbox("two", THREE);
    var _ = createSandbox("three", THREE);
    exceeded(() -> createSandbox("four", THREE));
  }

  @Test
  void aRequestThatIsRepeatedWithAnotherQuotaIsTheSame() {
    CreateContainerRequest.Builder request = request("c", THREE).setActor(TestNode.actor("r-1"));
    Container made = create(request);
    TenantQuota one = TenantQuota.newBuilder().setSandboxes(1).setMemoryBytes(1).build();
    assertThat(create(request.setQuota(one)).getUid()).isEqualTo(made.getUid());
  }

  @Test
  void memoryIsCountedByLimits() {
    Problem.of(() -> create(request("a", MEMORY)))
        .is(Status.Code.INVALID_ARGUMENT, Reason.LIMIT_REQUIRED)
        .says("set resources.memory.limit");
    var _ = create(node.request("a", spec(60)).setQuota(MEMORY));
    exceeded(() -> create(node.request("b", spec(41)).setQuota(MEMORY)));
    var _ = create(node.request("b", spec(40)).setQuota(MEMORY));

    exceeded(() -> update("b", 41, MEMORY));
    Problem.of(() -> update("b", -1, MEMORY))
        .is(Status.Code.INVALID_ARGUMENT, Reason.LIMIT_REQUIRED);
    assertThat(node.get("b").getSpec().getResources().getMemory().getLimit())
        .isEqualTo(40 * MEGABYTE);
    var _ = update("a", 50, MEMORY);
    var _ = update("b", 50, MEMORY);
    exceeded(() -> update("a", 51, MEMORY));
    Problem.of(() -> update("a", 0, MEMORY)).is(Status.Code.INVALID_ARGUMENT, Reason.LIMIT_TOO_LOW);
    exceeded(() -> update("b", 51, MEMORY));
    var _ = update("a", 200, TenantQuota.getDefaultInstance());
    var _ = update("a", 150, MEMORY);
    exceeded(() -> update("a", 151, MEMORY));
  }

  @Test
  void isCountedByTheNextLifeToo() throws Exception {
    var _ = create(node.request("a", spec(60)).setQuota(MEMORY));
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit(20 * MEGABYTE);
    var _ =
        node.stub()
            .createSandbox(
                TestNode.sandboxRequest("s").setResources(limits).setQuota(MEMORY).build());
    var _ = create(node.request("in", node.spec("sleep", "60")).setSandboxId("s").setQuota(MEMORY));
    node.restart();
    exceeded(() -> create(node.request("b", spec(21)).setQuota(MEMORY)));
    var _ = create(node.request("b", spec(20)).setQuota(MEMORY));
    exceeded(() -> createSandbox("t", THREE));
    node.delete("in", true);
    exceeded(() -> update("b", 21, MEMORY));
    node.deleteSandbox("s", false);
    var _ = update("b", 40, MEMORY);
    exceeded(() -> update("b", 41, MEMORY));
  }

  @Test
  void aSandboxIsNotGivenMoreThanThereIs() {
    var _ = createSandbox("s", MEMORY);
    exceeded(() -> updateSandbox("s", 101, MEMORY));
    Problem.of(() -> create(node.request("in", spec(20)).setSandboxId("s").setQuota(MEMORY)))
        .is(Status.Code.INVALID_ARGUMENT, Reason.LIMIT_REQUIRED)
        .says("of the sandbox");
    var _ = updateSandbox("s", 60, MEMORY);
    var _ = create(node.request("in", spec(20)).setSandboxId("s").setQuota(MEMORY));
    exceeded(() -> create(node.request("b", spec(41)).setQuota(MEMORY)));
    var _ = create(node.request("b", spec(40)).setQuota(MEMORY));
    Problem.of(() -> updateSandbox("s", -1, MEMORY))
        .is(Status.Code.INVALID_ARGUMENT, Reason.LIMIT_REQUIRED);
    var _ = updateSandbox("s", 50, MEMORY);
    var _ = update("b", 50, MEMORY);
    exceeded(() -> updateSandbox("s", 51, MEMORY));
  }

  @Test
  void manyAtOnceGetNoMore() throws Exception {
    List<Future<Container>> calls = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      calls.add(node.future().createContainer(request("c" + i, THREE).build()));
    }
    int made = 0;
    for (Future<Container> call : calls) {
      try {
        var _ = call.get();
        made++;
      } catch (java.util.concurrent.ExecutionException e) {
        assertThat(e.getCause()).isInstanceOf(StatusRuntimeException.class);
        Problem.of(e.getCause()).is(Status.Code.RESOURCE_EXHAUSTED, Reason.QUOTA_EXCEEDED);
      }
    }
    assertThat(made).isEqualTo(3);
  }
}
