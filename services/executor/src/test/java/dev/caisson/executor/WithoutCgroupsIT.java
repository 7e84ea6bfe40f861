package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Containers of an executor that is nobody's root but its own, and has no cgroups. */
@Timeout(120)
class WithoutCgroupsIT {
  private static final String BURN = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";

  /** More than the record keeps of those that have ended. */
  private static final int EXECS = 70;

  private static long cpuNanos(TestNode node) {
    return node.stub()
        .getContainerStatistics(
            GetContainerStatisticsRequest.newBuilder()
                .setTenant(TestNode.TENANT)
                .setContainerId("c")
                .build())
        .getCpu()
        .getUsageNanoseconds();
  }

  @Test
  void cpuTimeDoesNotFallWhenTheExecutorStartsAgain() throws Exception {
    try (TestNode node = TestNode.launchWithoutCgroups()) {
      node.started("c", node.shell(BURN + "; (" + BURN + "; exec sleep 600) & exec sleep 600"));
      node.exec(TestNode.execRequest("c", "sh", "-c", BURN + "; exec sleep 600").setDetach(true))
          .execStarted();
      assertThat(node.exec("c", "sh", "-c", BURN).ended().code()).isZero();
      for (int i = 0; i < EXECS; i++) {
        assertThat(node.exec("c", "true").ended().code()).isZero();
      }
      long before = cpuNanos(node);
      assertThat(before).as("what lives, what has ended, and what is forgotten").isPositive();
      node.restart();
      long after = cpuNanos(node);
      assertThat(after).isGreaterThanOrEqualTo(before);
      node.restart();
      assertThat(cpuNanos(node)).isGreaterThanOrEqualTo(after);
      node.signal("c", 9);
      assertThat(node.await("c").getSignal()).isEqualTo(9);
      assertThat(cpuNanos(node)).isGreaterThanOrEqualTo(after);
    }
  }
}
