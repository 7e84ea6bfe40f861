package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Statistics;
import io.grpc.Status;
import org.junit.jupiter.api.Test;

/** Limits of what runs, changed through the gateway. */
class UpdatingIT extends OnServices {
  private static final long MEMORY = 64L << 20;
  private static final String TWO_AT_ONCE = "true & true & wait";

  @Test
  void ofAContainer() {
    String id = newId();
    client.started(id, document("sleep", "1000").memory(MEMORY).pids(20));
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit(MEMORY / 2);
    limits.getPidsBuilder().setLimit(2);

    Resources now = client.update(id, limits, "spec.resources.pids.limit").getSpec().getResources();

    assertThat(now.getPids().getLimit()).isEqualTo(2);
    assertThat(now.getMemory().getLimit()).isEqualTo(MEMORY);
    assertThat(client.get(id).getSpec().getResources()).isEqualTo(now);
    assertThat(client.exec(id, "sh", "-c", TWO_AT_ONCE).err()).contains("fork");

    client.update(id, limits);
    Statistics statistics = client.statistics(id);
    assertThat(statistics.getPids().getLimit()).isEqualTo(2);
    assertThat(statistics.getMemory().getLimitBytes()).isEqualTo(MEMORY / 2);
    limits.getPidsBuilder().setLimit(-1);
    client.update(id, limits);
    assertThat(client.exec(id, "sh", "-c", TWO_AT_ONCE).err()).isEmpty();

    refused(
        Status.Code.INVALID_ARGUMENT,
        "INVALID_FIELD",
        () -> client.update(id, limits, "spec.process.args"));
    forced(id);
    refused(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", () -> client.update(id, limits));
  }

  @Test
  void ofASandbox() {
    String id = newId();
    client.started(id, document("sleep", "1000"));
    Resources.Builder limits = Resources.newBuilder();
    limits.getPidsBuilder().setLimit(3);

    assertThat(client.updateSandbox(id, limits).getResources()).isEqualTo(limits.build());
    assertThat(client.exec(id, "sh", "-c", TWO_AT_ONCE).err()).contains("fork");
    assertThat(client.sandboxStatistics(id).getPids().getLimit()).isEqualTo(3);
  }
}
