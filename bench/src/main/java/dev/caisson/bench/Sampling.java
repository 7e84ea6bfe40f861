package dev.caisson.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Measures what it costs the executor to sample many sandboxes: its CPU time while they are alive,
 * less that of as long a time before without any. Nobody calls it meanwhile, so that samples, and
 * what is looked for with them, are all that it has to do. Once with containers that sleep, and
 * once with ones that run a little each second, since of these more is read.
 *
 * <p>Arguments, in pairs: `--socket` of the gateway, `--bundle` DIR, `--executor` its PID,
 * `--sandboxes` N, `--seconds` N of each measurement, `--results` FILE. Fails where the executor
 * has forked.
 */
public final class Sampling {
  /** For what is compiled, written and freed after the last call. */
  private static final Duration SETTLED = Duration.ofSeconds(5);

  private static final List<String> WAKES =
      List.of("/bin/sh", "-c", "while :; do /bin/sleep 0.9; done");

  private final Path socket;
  private final Path bundle;
  private final ServiceProcess executor;
  private final Duration time;

  private Sampling(Path socket, Path bundle, ServiceProcess executor, Duration time) {
    this.socket = socket;
    this.bundle = bundle;
    this.executor = executor;
    this.time = time;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arguments.pairs(args);
    Sampling sampling =
        new Sampling(
            Path.of(Arguments.required(options, "--socket")),
            Path.of(Arguments.required(options, "--bundle")),
            new ServiceProcess(Long.parseLong(Arguments.required(options, "--executor"))),
            Duration.ofSeconds(Long.parseLong(Arguments.required(options, "--seconds"))));
    int sandboxes = Integer.parseInt(Arguments.required(options, "--sandboxes"));
    SamplingReport report =
        new SamplingReport(
            Instant.now(),
            System.getProperty("os.version", ""),
            Runtime.getRuntime().availableProcessors(),
            sandboxes,
            time(options),
            sampling.measure(Lives.SLEEPING, sandboxes),
            sampling.measure(WAKES, sandboxes));
    System.out.print(report.table());
    report.write(Path.of(Arguments.required(options, "--results")));
  }

  private static long time(Map<String, String> options) {
    return Long.parseLong(Arguments.required(options, "--seconds"));
  }

  private SamplingReport.Cost measure(List<String> program, int sandboxes) throws Exception {
    try (Lives lives = new Lives(socket, bundle, program)) {
      List<String> made = new ArrayList<>();
      try {
        warmUp(lives, made, sandboxes);
        double without = percent();
        fill(lives, made, sandboxes);
        double with = percent();
        return new SamplingReport.Cost(without, with);
      } finally {
        made.forEach(id -> lives.delete(id, true));
      }
    }
  }

  /** So that what both measure has run, and been compiled, before. */
  private void warmUp(Lives lives, List<String> made, int sandboxes) throws Exception {
    fill(lives, made, sandboxes);
    Thread.sleep(time);
    made.forEach(id -> lives.delete(id, true));
    made.clear();
  }

  private static void fill(Lives lives, List<String> made, int sandboxes) throws Exception {
    for (int i = 0; i < sandboxes; i++) {
      String id = "sampling-" + ProcessHandle.current().pid() + "-" + i;
      lives.perform(Operation.CREATE, id);
      made.add(id);
      lives.perform(Operation.START, id);
    }
  }

  /** Of a core. */
  private double percent() throws Exception {
    Thread.sleep(SETTLED);
    ServiceProcess.Counted before = executor.count();
    long began = System.nanoTime();
    Thread.sleep(time);
    ServiceProcess.Counted after = executor.count();
    long passed = System.nanoTime() - began;
    if (!after.hasForkedAsOftenAs(before)) {
      throw new IllegalStateException("The executor has forked meanwhile");
    }
    return 100.0 * after.cpu().minus(before.cpu()).toNanos() / passed;
  }
}
