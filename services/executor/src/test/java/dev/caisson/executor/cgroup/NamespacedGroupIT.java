package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.procfs.PidNamespaces;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.linux.Kernel;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Needs root, for a PID namespace. */
class NamespacedGroupIT {
  private static final String CONTAINER = "/caisson/sandbox-1/ctr-2";
  private static final String BURN = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";

  private final Kernel kernel = Kernel.open();
  private final TrustedProc proc = new TrustedProc(kernel);
  private final PidNamespaces namespaces = new PidNamespaces(kernel, proc);
  private Process process;

  /** The first of a PID namespace of its own, whose parent is ours. */
  private long start(String script) throws Exception {
    process =
        new ProcessBuilder("unshare", "--pid", "--fork", "sh", "-c", script)
            .redirectErrorStream(true)
            .start();
    eventually("it has a child", () -> process.children().findFirst().isPresent());
    return process.children().findFirst().orElseThrow().pid();
  }

  @AfterEach
  void end() throws Exception {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
    proc.close();
  }

  private NamespacedGroup group(long pid) {
    NamespacedGroup group = new NamespacedGroup(CONTAINER, namespaces);
    group.standsFor((int) pid);
    return group;
  }

  @Test
  void countsWhatChildrenHaveUsedThatAreGone() throws Exception {
    NamespacedGroup group = group(start("(" + BURN + "); exec sleep 1000"));
    eventually("the child has burned", () -> group.processes().size() == 1 && nanos(group) > 0);
    long before = nanos(group);
    assertThat(group.statistics(false).getCpu().getUsageNanoseconds())
        .isGreaterThanOrEqualTo(before);
  }

  @Test
  void neverFallsAndKeepsWhatItWasTold() throws Exception {
    NamespacedGroup group = group(start(BURN + "; exec sleep 1000"));
    eventually("it has burned", () -> nanos(group) > 0);
    long before = nanos(group);
    group.kill();
    eventually("nobody is left", () -> group.processes().isEmpty());
    assertThat(nanos(group)).as("its end was not told yet").isGreaterThanOrEqualTo(before);
    group.spent(Duration.ofHours(1));
    assertThat(nanos(group)).isEqualTo(Duration.ofHours(1).toNanos());
    group.spent(Duration.ofHours(1));
    assertThat(nanos(group)).isEqualTo(Duration.ofHours(2).toNanos());
  }

  /** As without root after a restart: what the container is in may not be looked at. */
  @Test
  void knowsByDescentWhatItMayNotLookInto() throws Exception {
    long first = start("sleep 1000 & (sleep 1000 &); exec sleep 1000");
    Process stranger = new ProcessBuilder("sleep", "1000").start();
    NamespacedGroup group = new NamespacedGroup(CONTAINER, namespaces);
    group.alsoHas((int) first);
    eventually("all are there", () -> group.processes().size() == 3);
    assertThat(group.processes()).contains((int) first).doesNotContain((int) stranger.pid());

    group.kill();

    assertThat(group.awaitEmpty(Duration.ofSeconds(20))).isTrue();
    assertThat(stranger.isAlive()).isTrue();
    stranger.destroyForcibly();
  }

  @Test
  void isNotThatOfASandbox() throws Exception {
    long pid = start("exec sleep 1000");
    NamespacedGroup sandbox = new NamespacedGroup("/caisson/sandbox-1", namespaces);
    sandbox.standsFor((int) pid);
    assertThat(sandbox.cpuNanos()).isEqualTo(OptionalLong.empty());
  }

  private static void eventually(String what, BooleanSupplier holds) {
    assertThat(Retry.until(Duration.ofSeconds(20), holds)).as(what).isTrue();
  }

  private static long nanos(NamespacedGroup group) {
    return group.cpuNanos().orElseThrow();
  }
}
