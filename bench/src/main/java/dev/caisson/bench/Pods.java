package dev.caisson.bench;

import com.google.gson.GsonBuilder;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Sandboxes of several containers, made at once by many clients, and deleted at once. It fails
 * where one of them fails, where one is left, or where the CPU time of one does not add up to the
 * nanosecond.
 *
 * <p>Arguments, in pairs: {@code --socket} of the gateway, {@code --audit} that of the auditor,
 * {@code --bundle} DIR, {@code --pods} N, {@code --containers} N of each, {@code --clients} N,
 * {@code --results} FILE.
 */
public final class Pods {
  private static final String TENANT = "default";
  private static final Duration RECORDED = Duration.ofSeconds(60);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);

  private final Lives lives;
  private final AuditGrpc.AuditBlockingStub audit;
  private final int clients;
  private final int containers;
  private final List<String> pods;

  private Pods(Lives lives, ManagedChannel audit, int pods, int containers, int clients) {
    this.lives = lives;
    this.audit = AuditGrpc.newBlockingStub(audit);
    this.clients = clients;
    this.containers = containers;
    this.pods =
        IntStream.range(0, pods)
            .mapToObj(pod -> "pod-" + ProcessHandle.current().pid() + "-" + pod)
            .toList();
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arguments.pairs(args);
    ManagedChannel audit = Channels.unix(Path.of(Arguments.required(options, "--audit")));
    try (Lives lives =
        new Lives(
            Path.of(Arguments.required(options, "--socket")),
            Path.of(Arguments.required(options, "--bundle")))) {
      Pods pods =
          new Pods(
              lives,
              audit,
              Integer.parseInt(options.getOrDefault("--pods", "100")),
              Integer.parseInt(options.getOrDefault("--containers", "3")),
              Integer.parseInt(options.getOrDefault("--clients", "16")));
      pods.measure(Path.of(Arguments.required(options, "--results")));
    } finally {
      audit.shutdownNow();
    }
  }

  private void measure(Path results) throws Exception {
    Phase created = each("created", this::create);
    require(lives.running() == pods.size() * containers, "every container must run");
    Phase deleted = each("deleted", lives::deleteSandbox);
    require(lives.running() == 0, "no container must be left");
    System.out.print(created.line(pods.size()) + deleted.line(pods.size()));
    System.out.printf(Locale.ROOT, "CPU time of all adds up: %.3f s%n", cpuSeconds());
    write(results, created, deleted);
  }

  private void create(String pod) {
    lives.createSandbox(pod);
    for (int container = 0; container < containers; container++) {
      lives.startIn(pod, pod + "-" + container);
    }
  }

  /** One thing that was done to each. */
  private record Phase(String words, double seconds, Statistics each) {
    String line(int pods) {
      return String.format(
          Locale.ROOT,
          "%d pods %s in %.1f s, one every %.1f ms; each took p50 %.1f ms, p99 %.1f ms%n",
          pods,
          words,
          seconds,
          1_000 * seconds / pods,
          each.median(),
          each.p99());
    }
  }

  private Phase each(String words, Consumer<String> action) {
    ConcurrentLinkedQueue<Long> times = new ConcurrentLinkedQueue<>();
    long begin = System.nanoTime();
    try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (String pod : pods) {
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  long start = System.nanoTime();
                  action.accept(pod);
                  times.add(System.nanoTime() - start);
                },
                threads));
      }
      all.forEach(CompletableFuture::join);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    long[] nanos = times.stream().mapToLong(Long::longValue).toArray();
    return new Phase(words, seconds, Statistics.of(nanos));
  }

  /** Of all, once the last figures of each are there. */
  private double cpuSeconds() {
    Set<String> wanted = Set.copyOf(pods);
    long deadline = System.nanoTime() + RECORDED.toNanos();
    List<CpuApportioned> last = List.of();
    while (last.size() < wanted.size()) {
      require(
          System.nanoTime() < deadline,
          "the CPU time of each pod must be told within a minute: " + last.size());
      LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
      last = last(wanted);
    }
    last.forEach(this::requireSum);
    return last.stream().mapToLong(CpuApportioned::getCgroupNanos).sum() / 1e9;
  }

  private List<CpuApportioned> last(Set<String> wanted) {
    return audit
        .withDeadlineAfter(RECORDED.toSeconds(), TimeUnit.SECONDS)
        .getCpuUsage(GetCpuUsageRequest.newBuilder().setTenant(TENANT).build())
        .getSandboxesList()
        .stream()
        .filter(CpuApportioned::getLast)
        .filter(one -> wanted.contains(one.getSandboxId()))
        .toList();
  }

  private void requireSum(CpuApportioned usage) {
    long charged =
        usage.getContainersList().stream().mapToLong(ContainerCpu::getTotalNanos).sum()
            + usage.getRetiredNanos()
            + usage.getUnattributedNanos();
    require(
        charged == usage.getCgroupNanos() && charged > 0,
        usage.getSandboxId()
            + " must have been charged "
            + usage.getCgroupNanos()
            + ": "
            + charged);
    Set<String> told =
        usage.getContainersList().stream()
            .map(ContainerCpu::getContainerId)
            .collect(Collectors.toSet());
    require(told.size() == containers, usage.getSandboxId() + " must have all: " + told);
  }

  private static void require(boolean holds, String rule) {
    if (!holds) {
      throw new IllegalStateException(rule);
    }
  }

  private void write(Path file, Phase created, Phase deleted) throws IOException {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("time", Instant.now().toString());
    document.put("kernel", System.getProperty("os.version", ""));
    document.put("processors", Runtime.getRuntime().availableProcessors());
    document.put("pods", pods.size());
    document.put("containers", containers);
    document.put("clients", clients);
    document.put("created", created);
    document.put("deleted", deleted);
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Files.writeString(file, new GsonBuilder().setPrettyPrinting().create().toJson(document) + "\n");
  }
}
