package dev.caisson.cli;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.audit.v1.GetCpuUsageResponse;
import dev.caisson.proto.audit.v1.GetCpuWindowRequest;
import dev.caisson.proto.audit.v1.GetCpuWindowResponse;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "cpu",
    description = {
      "Shows the CPU time that each container is charged, in seconds: in all, in a window, or live.",
      "The charges of a sandbox sum to what its cgroup used, to the nanosecond."
    })
final class CpuCommand implements Callable<Integer> {
  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();

  @Option(
      names = "--container",
      paramLabel = "ID|UID",
      description = "Only sandboxes with this container.")
  private String container = "";

  @Option(
      names = {"-w", "--watch"},
      description = {
        "Live: rates and totals, the fastest first, until SANDBOX is gone; without one, of all.",
        "Where the output is no terminal, a line for each container and record."
      })
  private boolean watch;

  @Option(
      names = "--window",
      paramLabel = "SECONDS",
      converter = Quantity.Seconds.class,
      description = "What was charged in the last so many seconds, and how fast.")
  private @Nullable BigDecimal window;

  @Option(
      names = "--from",
      paramLabel = "TIME",
      description = "The same from a time on, like 2026-11-29T10:00:00Z.")
  private @Nullable String from;

  @Option(names = "--to", paramLabel = "TIME", description = "And before this time.")
  private @Nullable String to;

  @Parameters(
      arity = "0..1",
      paramLabel = "SANDBOX",
      description = "Only this sandbox, by id or uid.")
  private String sandbox = "";

  private final Clock clock = Clock.systemUTC();

  @Override
  public Integer call() {
    check();
    if (watch) {
      CpuFollowing.follow(target, output, sandbox);
    } else if (window != null || from != null) {
      output.print(windows(), CpuTables::windows);
    } else {
      output.print(newest(), answer -> CpuTables.totals(answer.getSandboxesList()));
    }
    return Exit.OK;
  }

  private void check() {
    if (window != null && from != null) {
      throw CliException.usage("--window and --from must not both be given");
    }
    if (to != null && from == null) {
      throw CliException.usage("--to must have a beginning", "add --from TIME");
    }
    if (watch && (window != null || from != null || !container.isEmpty())) {
      throw CliException.usage("--watch goes with SANDBOX alone");
    }
  }

  private GetCpuUsageResponse newest() {
    GetCpuUsageRequest request =
        GetCpuUsageRequest.newBuilder()
            .setTenant(target.tenant())
            .setSandbox(sandbox)
            .setContainer(container)
            .build();
    return target.audit().getCpuUsage(request);
  }

  private GetCpuWindowResponse windows() {
    GetCpuWindowRequest.Builder request =
        GetCpuWindowRequest.newBuilder()
            .setTenant(target.tenant())
            .setSandbox(sandbox)
            .setContainer(container)
            .setFrom(from());
    if (to != null) {
      request.setTo(TrailCommand.time("--to", to));
    }
    return target.audit().getCpuWindow(request.build());
  }

  private Timestamp from() {
    if (window == null) {
      return TrailCommand.time("--from", String.valueOf(from));
    }
    Instant now = clock.instant();
    return Timestamps.subtract(
        Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()).build(),
        StatsLine.duration(window));
  }
}
