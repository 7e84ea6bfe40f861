package dev.caisson.cli;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc.ContainersBlockingStub;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "top",
    description = {
      "Shows what running containers use, the busiest first; on a terminal live.",
      "Where the output is no terminal, once: programs have stats --output json."
    })
final class TopCommand implements Callable<Integer> {
  private static final BigDecimal SHORTEST = new BigDecimal("0.1");
  private static final BigDecimal LONGEST = new BigDecimal(3600);

  /** One that stands still has its memory nevertheless. */
  private static final Set<ContainerState> ALIVE =
      Set.of(ContainerState.RUNNING, ContainerState.PAUSED);

  @Mixin private Target target = new Target();
  @Spec private CommandSpec verb = CommandSpec.create();

  @Option(names = "--sandbox", paramLabel = "ID", description = "Only of this sandbox.")
  private String sandbox = "-";

  @Option(
      names = "--once",
      description = "One table, of what is used within one interval, and end.")
  private boolean once;

  @Option(
      names = "--interval",
      paramLabel = "SECONDS",
      converter = Quantity.Seconds.class,
      description = "Between two samples: 0.1 to 3600 (default: 1).")
  private BigDecimal interval = BigDecimal.ONE;

  private final UsageRates rates = new UsageRates();

  @Override
  public Integer call() throws InterruptedException {
    Duration pause = pause();
    // One connection for all samples.
    ContainersBlockingStub gateway = target.waiting();
    take(gateway);
    if (once || !RedrawnScreen.isPossible()) {
      Thread.sleep(pause);
      take(gateway);
      out().print(UsageTable.of(rates.rows()));
      out().flush();
      return Exit.OK;
    }
    return follow(gateway, pause);
  }

  private Duration pause() {
    if (interval.compareTo(SHORTEST) < 0 || interval.compareTo(LONGEST) > 0) {
      throw CliException.usage("--interval must be 0.1 to 3600 seconds: " + interval);
    }
    return Duration.ofMillis(interval.movePointRight(3).longValue());
  }

  /** Until it is interrupted, or the gateway fails. */
  private int follow(ContainersBlockingStub gateway, Duration pause) throws InterruptedException {
    try (RedrawnScreen screen =
        RedrawnScreen.start(out(), size -> UsageTable.lines(rates.rows(), size))) {
      while (true) {
        screen.changed();
        Thread.sleep(pause);
        take(gateway);
      }
    }
  }

  private void take(ContainersBlockingStub gateway) {
    String parent = target.names().sandbox(sandbox);
    Set<String> alive =
        Lookup.all(gateway, parent).getContainersList().stream()
            .filter(one -> ALIVE.contains(one.getState()))
            .map(Container::getName)
            .collect(Collectors.toSet());
    rates.take(
        StatsCommand.all(gateway, parent).getStatisticsList().stream()
            .filter(one -> alive.contains(one.getName()))
            .toList());
  }

  private PrintWriter out() {
    return verb.commandLine().getOut();
  }
}
