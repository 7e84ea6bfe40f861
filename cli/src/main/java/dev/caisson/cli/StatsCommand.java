package dev.caisson.cli;

import dev.caisson.proto.types.v1.CpuStatistics;
import dev.caisson.proto.types.v1.MemoryStatistics;
import dev.caisson.proto.types.v1.PidsStatistics;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.ContainersGrpc.ContainersBlockingStub;
import dev.caisson.proto.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.v1.GetSandboxStatisticsRequest;
import dev.caisson.proto.v1.ListContainerStatisticsRequest;
import dev.caisson.proto.v1.ListContainerStatisticsResponse;
import dev.caisson.proto.v1.NamedStatistics;
import dev.caisson.proto.v1.WatchContainerStatisticsRequest;
import dev.caisson.proto.v1.WatchSandboxStatisticsRequest;
import java.math.BigDecimal;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import reactor.core.publisher.Flux;

@Command(name = "stats", description = "Shows what containers use of the machine, or one does.")
final class StatsCommand implements Callable<Integer> {
  private static final int PAGE = 500;

  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();

  @Option(
      names = "--sandbox",
      paramLabel = "ID",
      description = "The containers of this sandbox; with --total the sandbox itself.")
  private @Nullable String sandbox;

  @Option(names = "--total", description = "What the sandbox uses in all.")
  private boolean total;

  @Option(
      names = {"-f", "--follow"},
      description = "Go on, a line each time, until the container or sandbox is deleted.")
  private boolean follow;

  @Option(
      names = "--interval",
      paramLabel = "SECONDS",
      converter = Quantity.Seconds.class,
      description = "Of --follow: 0.1 to 3600 (default: 1).")
  private BigDecimal interval = BigDecimal.ONE;

  @Option(names = "--raw", description = "All of memory.stat, too: of one, as JSON.")
  private boolean raw;

  @Parameters(arity = "0..1", paramLabel = "ID", description = "The container.")
  private @Nullable String id;

  @Override
  public Integer call() {
    check();
    if (follow) {
      follow();
    } else if (id == null && !total) {
      String parent = target.names().sandbox(sandbox == null ? "-" : sandbox);
      output.print(all(target.waiting(), parent), StatsCommand::table);
    } else {
      output.print(one(), one -> table(name(), one));
    }
    return Exit.OK;
  }

  private void check() {
    if (total && sandbox == null) {
      throw CliException.usage("--total must have a sandbox", "add --sandbox ID");
    }
    if (id != null && sandbox != null) {
      throw CliException.usage(
          "A container and --sandbox must not both be given", "leave --sandbox away");
    }
    if (follow && id == null && !total) {
      throw CliException.usage(
          "--follow must have one to follow", "name a container, or add --sandbox ID --total");
    }
  }

  private String name() {
    return id == null
        ? target.names().sandbox(String.valueOf(sandbox))
        : Lookup.container(target, id);
  }

  private Statistics one() {
    return id == null
        ? target
            .sandboxes()
            .getSandboxStatistics(
                GetSandboxStatisticsRequest.newBuilder().setName(name()).setRaw(raw).build())
        : target
            .containers()
            .getContainerStatistics(
                GetContainerStatisticsRequest.newBuilder().setName(name()).setRaw(raw).build());
  }

  /** Every page as one answer. */
  static ListContainerStatisticsResponse all(ContainersBlockingStub gateway, String parent) {
    ListContainerStatisticsResponse.Builder all = ListContainerStatisticsResponse.newBuilder();
    String token = "";
    do {
      ListContainerStatisticsResponse page =
          gateway
              .withDeadlineAfter(Target.DEADLINE)
              .listContainerStatistics(
                  ListContainerStatisticsRequest.newBuilder()
                      .setParent(parent)
                      .setPageSize(PAGE)
                      .setPageToken(token)
                      .build());
      all.addAllStatistics(page.getStatisticsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all.build();
  }

  private void follow() {
    AtomicReference<Statistics> before = new AtomicReference<>(Statistics.getDefaultInstance());
    var _ =
        samples()
            .doOnNext(now -> {
              Statistics last = before.getAndSet(now);
              output.printLine(now, sample -> StatsLine.of(last, sample));
            })
            .blockLast();
  }

  private Flux<Statistics> samples() {
    var length = StatsLine.duration(interval);
    return id == null
        ? target
            .followingSandboxes()
            .watchStatistics(
                WatchSandboxStatisticsRequest.newBuilder()
                    .setName(name())
                    .setInterval(length)
                    .setRaw(raw)
                    .build())
        : target
            .followingContainers()
            .watchStatistics(
                WatchContainerStatisticsRequest.newBuilder()
                    .setName(name())
                    .setInterval(length)
                    .setRaw(raw)
                    .build());
  }

  private static String table(ListContainerStatisticsResponse all) {
    Table table = head();
    all.getStatisticsList().forEach(one -> row(table, one));
    return table.toString();
  }

  private static String table(String name, Statistics one) {
    Table table = head();
    row(table, NamedStatistics.newBuilder().setName(name).setStatistics(one).build());
    return table.toString();
  }

  private static Table head() {
    return new Table(
        "NAME",
        "SANDBOX",
        ">CPU TIME",
        ">THROTTLED",
        ">MEMORY",
        ">WORKING SET",
        ">LIMIT",
        ">PIDS",
        ">LIMIT",
        ">OOM KILLS");
  }

  private static void row(Table table, NamedStatistics one) {
    CpuStatistics cpu = one.getStatistics().getCpu();
    MemoryStatistics memory = one.getStatistics().getMemory();
    PidsStatistics pids = one.getStatistics().getPids();
    table.row(
        Names.id(one.getName()),
        Names.sandboxOf(one.getName()),
        Text.cpuTime(cpu.getUsageNanoseconds()),
        cpu.hasThrottledNanoseconds() ? Text.cpuTime(cpu.getThrottledNanoseconds()) : "-",
        StatsLine.bytes(memory.getUsageBytes()),
        StatsLine.bytes(memory.getWorkingSetBytes()),
        memory.hasLimitBytes() ? StatsLine.bytes(memory.getLimitBytes()) : "-",
        String.valueOf(pids.getCurrent()),
        pids.hasLimit() ? String.valueOf(pids.getLimit()) : "-",
        memory.hasOomKills() ? String.valueOf(memory.getOomKills()) : "-");
  }
}
