package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.caisson.proto.types.v1.CpuStatistics;
import dev.caisson.proto.types.v1.MemoryStatistics;
import dev.caisson.proto.types.v1.NetworkStatistics.Interface;
import dev.caisson.proto.types.v1.PidsStatistics;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.ListContainerStatisticsResponse;
import dev.caisson.proto.v1.NamedStatistics;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What containers use, as their cgroups count it. */
class StatisticsIT extends OnServices {
  private static final long MEMORY = 32L << 20;

  private static String started(Document document) {
    String id = newId();
    client.started(id, document);
    return id;
  }

  @Test
  void limitsAndUsage() throws IOException {
    String id = started(document("sleep", "1000").memory(MEMORY).pids(20).cpu(50_000));

    Statistics statistics = client.statistics(id);

    CpuStatistics cpu = statistics.getCpu();
    assertThat(cpu.getUsageNanoseconds()).isPositive();
    assertThat(cpu.getQuotaMicroseconds()).isEqualTo(50_000);
    assertThat(cpu.getPeriodMicroseconds()).isEqualTo(100_000);
    assertThat(cpu.hasPeriods()).isTrue();
    MemoryStatistics memory = statistics.getMemory();
    assertThat(memory.getLimitBytes()).isEqualTo(MEMORY);
    assertThat(memory.getUsageBytes()).isPositive().isLessThanOrEqualTo(memory.getMaxUsageBytes());
    assertThat(memory.getWorkingSetBytes()).isLessThanOrEqualTo(memory.getUsageBytes());
    assertThat(memory.hasPageFaults()).isTrue(); // which the kernel adds up every two seconds
    assertThat(memory.getOomKills()).isZero();
    assertThat(memory.getRawMap()).isEmpty();
    assertThat(statistics.getPids().getCurrent()).isEqualTo(1);
    assertThat(statistics.getPids().getLimit()).isEqualTo(20);
    String file = Files.readString(Host.memoryUsage(client.get(id).getCgroup())).strip();
    assertThat(Math.abs(Long.parseLong(file) - memory.getUsageBytes())).isLessThan(1 << 20);
    assertThat(client.statisticsWithRaw(id).getMemory().getRawMap()).containsKey("pgfault");
  }

  /** It has a tenth of a CPU, and wants all of it. */
  @Test
  void throttled() {
    String id = started(script("while :; do :; done").cpu(10_000));
    Awaitility.await().until(() -> client.statistics(id).getCpu().getThrottledPeriods() > 5);

    CpuStatistics before = client.statistics(id).getCpu();
    Awaitility.await()
        .until(() -> client.statistics(id).getCpu().getPeriods() > before.getPeriods() + 5);
    CpuStatistics after = client.statistics(id).getCpu();

    assertThat(after.getUsageNanoseconds()).isGreaterThan(before.getUsageNanoseconds());
    assertThat(after.getThrottledPeriods()).isGreaterThan(before.getThrottledPeriods());
    assertThat(after.getThrottledNanoseconds()).isGreaterThan(before.getThrottledNanoseconds());
    assertThat(after.getUserNanoseconds() + after.getSystemNanoseconds()).isPositive();
  }

  /** Also after the end, of which they are the last word. */
  @Test
  void outOfMemory() {
    String id = started(script("tail /dev/zero").memory(MEMORY));
    assertThat(client.await(id).getOutOfMemory()).isTrue();

    MemoryStatistics memory = client.statistics(id).getMemory();

    assertThat(memory.getOomKills()).isEqualTo(1);
    assertThat(memory.getLimitHits()).isPositive();
    assertThat(memory.getMaxUsageBytes()).isBetween(MEMORY / 2, MEMORY);
    assertThat(client.statistics(id).getPids().getCurrent()).isZero();
  }

  @Test
  void refusedProcesses() {
    String id = started(script("f() { f | f & }; f & exec sleep 500").pids(10));
    Awaitility.await().until(() -> client.statistics(id).getPids().getLimitHits() > 0);

    PidsStatistics pids = client.statistics(id).getPids();

    assertThat(pids.getLimit()).isEqualTo(10);
    assertThat(pids.getCurrent()).isBetween(1L, 10L);
  }

  @Test
  void networkOfTheSandbox() {
    String id = started(document("sleep", "1000"));
    assertThat(loopback(client.statistics(id)).getReceivePackets()).isZero();

    Ended refused = client.exec(id, "wget", "-q", "-O-", "http://127.0.0.1:9/");
    assertThat(refused.code()).as("nobody listens: %s", refused).isEqualTo(1);

    Interface loopback = loopback(client.statistics(id));
    assertThat(loopback.getTransmitPackets()).isPositive();
    assertThat(loopback.getReceiveBytes()).isEqualTo(loopback.getTransmitBytes());
    assertThat(loopback(client.sandboxStatistics(id))).isEqualTo(loopback);
  }

  private static Interface loopback(Statistics statistics) {
    assertThat(statistics.getNetwork().getInterfacesList())
        .extracting(Interface::getName)
        .contains("lo");
    return statistics.getNetwork().getInterfacesList().stream()
        .filter(one -> one.getName().equals("lo"))
        .findFirst()
        .orElseThrow();
  }

  /** Its own, and of what is in it: the sum is never below that of one container. */
  @Test
  void ofASandbox() {
    String id = started(script("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000"));
    Awaitility.await()
        .until(() -> client.statistics(id).getCpu().getUsageNanoseconds() > 10_000_000);

    Statistics container = client.statistics(id);
    Statistics sandbox = client.sandboxStatistics(id);

    assertThat(sandbox.getCpu().getUsageNanoseconds())
        .isGreaterThan(container.getCpu().getUsageNanoseconds());
    assertThat(sandbox.getPids().getCurrent()).isEqualTo(container.getPids().getCurrent() + 1);
  }

  @Test
  void ofMany() {
    String root = newId();
    client.started(root, document("sleep", "1000"));
    List<String> ids = new ArrayList<>(List.of(root));
    for (int i = 0; i < 4; i++) {
      ids.add(newId());
      client.create(
          ids.getLast(),
          document("sleep", "1000")
              .annotation("io.kubernetes.cri.container-type", "container")
              .annotation("io.kubernetes.cri.sandbox-id", root));
    }

    List<NamedStatistics> all = new ArrayList<>();
    String token = "";
    do {
      ListContainerStatisticsResponse page = client.statisticsIn(root, 2, token);
      assertThat(page.getStatisticsCount()).isBetween(1, 2);
      all.addAll(page.getStatisticsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());

    assertThat(all)
        .extracting(one -> one.getName().substring(one.getName().lastIndexOf('/') + 1))
        .containsExactlyElementsOf(ids.stream().sorted().toList());
    assertThat(all).allMatch(one -> one.getStatistics().getCpu().getUsageNanoseconds() > 0);
  }

  /** Until it is deleted. */
  @Test
  void watched() {
    String id = started(script("while :; do :; done"));
    Iterator<Statistics> samples = client.watch(id, Durations.fromMillis(100));
    long before = 0;
    for (int i = 0; i < 3; i++) {
      long now = samples.next().getCpu().getUsageNanoseconds();
      assertThat(now).isGreaterThan(before);
      before = now;
    }
    forced(id);

    StatusRuntimeException end =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> samples.forEachRemaining(one -> {}));
    assertThat(end.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void badInput() {
    String id = started(document("sleep", "1000"));
    for (Duration interval :
        List.of(
            Durations.fromMillis(99),
            Durations.fromSeconds(3_601),
            Durations.fromSeconds(-1),
            Duration.newBuilder().setSeconds(Long.MAX_VALUE).build(),
            Duration.newBuilder().setSeconds(Long.MIN_VALUE).setNanos(-1).build())) {
      refused(
          Status.Code.INVALID_ARGUMENT, "INVALID_FIELD", () -> client.watch(id, interval).next());
    }
    refused(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", () -> client.statistics(newId()));
    refused(Status.Code.NOT_FOUND, "SANDBOX_NOT_FOUND", () -> client.sandboxStatistics(newId()));
  }

  @Test
  void byTheClient() {
    String id = started(document("sleep", "1000").memory(MEMORY));
    Words all = services.caisson("stats");
    assertThat(all.code()).as("%s", all).isZero();
    assertThat(all.out()).startsWith("NAME").contains(id, "32.0 MiB");
    Words json = services.caisson("stats", id, "--raw", "--output", "json");
    assertThat(json.out()).contains("\"usageNanoseconds\"", "\"pgfault\"");
    Words total = services.caisson("stats", "--sandbox", id, "--total");
    assertThat(total.out()).as("%s", total).contains(id);
    Words both = services.caisson("stats", id, "--sandbox", id);
    assertThat(both.code()).isEqualTo(2);
    assertThat(both.err()).contains("leave --sandbox away");
  }
}
