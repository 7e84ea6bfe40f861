package dev.caisson.bench;

import com.google.protobuf.ByteString;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.ExecutorGrpc;
import dev.caisson.proto.executor.v1.GetContainerRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Measures what the gateway adds to what the executor does by itself, which is asked the same at
 * its own socket, in turns; how many calls and bytes come through it, what a thousand watches cost
 * it, and how soon the client begins to answer.
 *
 * <p>Arguments, in pairs: `--socket` of the gateway, `--executor` socket of the executor,
 * `--gateway` the gateway's PID, `--client` the launcher, `--bundle` DIR, `--count` N pairs of each
 * call in each pattern, `--watches` N, `--mib` N of output, `--output` table or json, `--results`
 * FILE.
 */
public final class GatewayCost {
  private static final int WARM_UP = 100;
  private static final int IN_FLIGHT = 64;
  private static final int TURNS = 5;
  private static final Duration TURN = Duration.ofSeconds(2);
  private static final int STARTS = 20;
  private static final int FEW = 16;

  /** For what is still told, written and freed after the last call. */
  private static final Duration SETTLED = Duration.ofSeconds(2);

  private static final int MIB = 1024 * 1024;
  private static final int BLOCKS_PER_MIB = 16; // of 64 KiB, as dd writes them

  private final Path gatewaySocket;
  private final Path executorSocket;
  private final Path bundle;
  private final String id;
  private final ContainersGrpc.ContainersStub gateway;
  private final ExecutorGrpc.ExecutorStub executor;

  private GatewayCost(
      Map<String, String> options, String id, ManagedChannel gateway, ManagedChannel executor) {
    this.gatewaySocket = Path.of(Arguments.required(options, "--socket"));
    this.executorSocket = Path.of(Arguments.required(options, "--executor"));
    this.bundle = Path.of(Arguments.required(options, "--bundle"));
    this.id = id;
    this.gateway = ContainersGrpc.newStub(gateway);
    this.executor = ExecutorGrpc.newStub(executor);
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arguments.pairs(args);
    GatewayReport report = measured(options);
    report.write(Path.of(Arguments.required(options, "--results")));
    System.out.print(
        options.getOrDefault("--output", "table").equals("json")
            ? Report.json(report.document())
            : report.table());
  }

  private static GatewayReport measured(Map<String, String> options) throws Exception {
    Path gatewaySocket = Path.of(Arguments.required(options, "--socket"));
    ManagedChannel gateway = Channels.unixNonBlocking(gatewaySocket);
    ManagedChannel executor =
        Channels.unixNonBlocking(Path.of(Arguments.required(options, "--executor")));
    String id = "gateway-" + ProcessHandle.current().pid();
    try (Lives lives = new Lives(gatewaySocket, Path.of(Arguments.required(options, "--bundle")))) {
      lives.perform(Operation.CREATE, id);
      try {
        lives.perform(Operation.START, id);
        return new GatewayCost(options, id, gateway, executor).measure(options);
      } finally {
        lives.delete(id, true);
      }
    } finally {
      gateway.shutdownNow();
      executor.shutdownNow();
    }
  }

  private GatewayReport measure(Map<String, String> options) throws Exception {
    int count = Integer.parseInt(options.getOrDefault("--count", "1000"));
    int watches = Integer.parseInt(options.getOrDefault("--watches", "1000"));
    int mib = Integer.parseInt(options.getOrDefault("--mib", "1024"));
    ServiceProcess process =
        new ServiceProcess(Long.parseLong(Arguments.required(options, "--gateway")));
    return new GatewayReport(
        Instant.now(),
        System.getProperty("os.version", ""),
        Runtime.getRuntime().availableProcessors(),
        latencies(count),
        calls(),
        IN_FLIGHT,
        stdout(mib),
        memory(process, watches),
        firstByte(Arguments.required(options, "--client")));
  }

  // ---- what is called at both sockets

  private CompletableFuture<?> getThroughGateway() {
    return Answer.to(
        dev.caisson.proto.v1.GetContainerRequest.newBuilder().setName(Lives.name(id)).build(),
        gateway::getContainer);
  }

  private CompletableFuture<Container> getFromExecutor() {
    return Answer.to(
        GetContainerRequest.newBuilder().setTenant(Lives.TENANT).setContainerId(id).build(),
        executor::getContainer);
  }

  private CaissonSubject runThroughGateway(List<String> program, Throughput output)
      throws IOException {
    String config = Lives.running(bundle.resolve("config.json"), program).toString();
    return new CaissonSubject(gatewaySocket, bundle, ByteString.copyFromUtf8(config), output);
  }

  /** Of the spec that the gateway has made of the same document, but for its program. */
  private ExecutorSubject runAtExecutor(List<String> program, Throughput output) throws Exception {
    ContainerSpec.Builder spec = getFromExecutor().get().getSpec().toBuilder();
    spec.getProcessBuilder().clearArgs().addAllArgs(program);
    return new ExecutorSubject(executorSocket, spec.build(), output);
  }

  /** One of a pair. */
  private record Call(String name, Callable<?> call) implements Subject {
    @Override
    public void run() throws Exception {
      var _ = call.call();
    }
  }

  // ---- what is measured

  private List<GatewayReport.Latency> latencies(int count) throws Exception {
    List<GatewayReport.Latency> latencies = new ArrayList<>();
    List<String> program = List.of("/bin/true");
    Throughput none = new Throughput();
    try (CaissonSubject through = runThroughGateway(program, none);
        ExecutorSubject direct = runAtExecutor(program, none)) {
      for (Pattern pattern : Pattern.values()) {
        latencies.add(
            latency(
                "get",
                pattern,
                () -> getFromExecutor().get(),
                () -> getThroughGateway().get(),
                count));
        latencies.add(latency("run", pattern, run(direct), run(through), count));
      }
    }
    return latencies;
  }

  private static Callable<?> run(Subject subject) {
    return () -> {
      subject.run();
      return subject;
    };
  }

  private static GatewayReport.Latency latency(
      String what, Pattern pattern, Callable<?> direct, Callable<?> through, int count)
      throws Exception {
    progress(count + " pairs of " + what + ", " + pattern.words());
    Map<String, Statistics> both =
        pattern.measure(
            List.of(new Call("executor", direct), new Call("gateway", through)), WARM_UP, count);
    return new GatewayReport.Latency(
        what,
        pattern,
        Objects.requireNonNull(both.get("executor")),
        Objects.requireNonNull(both.get("gateway")));
  }

  private GatewayReport.Rates calls() throws Exception {
    progress(IN_FLIGHT + " calls in flight");
    return turns(() -> flood(this::getFromExecutor), () -> flood(this::getThroughGateway));
  }

  private static double flood(Supplier<CompletableFuture<?>> call) throws InterruptedException {
    return Flood.perSecond(call, IN_FLIGHT, TURN);
  }

  private GatewayReport.Rates stdout(int mib) throws Exception {
    progress(mib + " MiB of output, " + TURNS + " times each");
    List<String> program =
        List.of("/bin/dd", "if=/dev/zero", "bs=64k", "count=" + (long) mib * BLOCKS_PER_MIB);
    Throughput rate = new Throughput();
    try (CaissonSubject through = runThroughGateway(program, rate);
        ExecutorSubject direct = runAtExecutor(program, rate)) {
      return turns(() -> written(direct, rate, mib), () -> written(through, rate, mib));
    }
  }

  private static double written(Subject subject, Throughput rate, int mib) throws Exception {
    subject.run();
    return rate.take((long) mib * MIB);
  }

  /** The median of each, after a turn that does not count. */
  private static GatewayReport.Rates turns(Callable<Double> direct, Callable<Double> through)
      throws Exception {
    List<Double> ofExecutor = new ArrayList<>();
    List<Double> ofGateway = new ArrayList<>();
    for (int turn = 0; turn <= TURNS; turn++) {
      ofExecutor.add(direct.call());
      ofGateway.add(through.call());
    }
    return new GatewayReport.Rates(
        middle(ofExecutor.subList(1, TURNS + 1)), middle(ofGateway.subList(1, TURNS + 1)));
  }

  private static double middle(List<Double> rates) {
    return rates.stream().sorted().skip(rates.size() / 2).findFirst().orElseThrow();
  }

  private List<GatewayReport.Memory> memory(ServiceProcess process, int count) throws Exception {
    // What the first watches start and load stays, and is none of a watch's own.
    var _ = memoryOfSandboxWatches(process, FEW);
    var _ = memoryOfStatisticsWatches(process, FEW);
    return List.of(
        memoryOfSandboxWatches(process, count), memoryOfStatisticsWatches(process, count));
  }

  private GatewayReport.Memory memoryOfSandboxWatches(ServiceProcess process, int count)
      throws Exception {
    progress(count + " watches of sandboxes");
    ServiceProcess.Footprint without = footprint(process);
    try (Watches watches = Watches.ofSandboxes(gatewaySocket, count);
        CaissonSubject change = runThroughGateway(List.of("/bin/true"), new Throughput())) {
      change.run();
      int open = watches.awaitChange();
      return new GatewayReport.Memory("sandboxes", count, open, without, footprint(process));
    }
  }

  private GatewayReport.Memory memoryOfStatisticsWatches(ServiceProcess process, int count)
      throws Exception {
    progress(count + " watches of statistics");
    ServiceProcess.Footprint without = footprint(process);
    try (Watches watches = Watches.ofStatistics(gatewaySocket, id, count)) {
      int open = watches.begun();
      return new GatewayReport.Memory("statistics", count, open, without, footprint(process));
    }
  }

  private static ServiceProcess.Footprint footprint(ServiceProcess process) throws Exception {
    Thread.sleep(SETTLED);
    return process.footprint();
  }

  private static Statistics firstByte(String launcher) throws Exception {
    progress(STARTS + " starts of the client");
    return new FirstByte(List.of(launcher, "ps")).measure(2, STARTS);
  }

  private static void progress(String what) {
    System.err.println("  " + what);
  }
}
