package dev.caisson.bench.micro;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs all micro-benchmarks, each in two JVMs of its own. Arguments: the file for results as JMH's
 * JSON, and which benchmarks, as a regular expression (all).
 */
public final class Micro {
  private static final int FORKS = 2;
  private static final int WARM_UPS = 3;
  private static final int MEASUREMENTS = 5;

  /** One compiler and one collector, as packaging/jvm has them; JMH itself is unsafe. */
  private static final String[] AS_SERVICES = {
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xmx256m",
    "--sun-misc-unsafe-memory-access=allow"
  };

  private Micro() {}

  public static void main(String[] args) throws RunnerException, IOException {
    Path results = Path.of(args[0]).toAbsolutePath();
    Path directory = results.getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Collection<RunResult> measured =
        new Runner(options(results, args.length > 1 ? args[1] : "dev\\.caisson\\.")).run();
    if (measured.isEmpty()) {
      throw new IllegalArgumentException("No benchmark has such a name: " + args[1]);
    }
    System.out.printf("%n%-44s %14s %12s%n", "", "each", "± 99.9 %");
    measured.forEach(result -> System.out.print(line(result)));
  }

  private static Options options(Path results, String which) {
    return new OptionsBuilder()
        .include(which)
        .forks(FORKS)
        .warmupIterations(WARM_UPS)
        .warmupTime(TimeValue.seconds(1))
        .measurementIterations(MEASUREMENTS)
        .measurementTime(TimeValue.seconds(1))
        .jvmArgs(AS_SERVICES)
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT)
        .resultFormat(ResultFormatType.JSON)
        .result(results.toString())
        .build();
  }

  private static String line(RunResult measured) {
    Result<?> result = measured.getPrimaryResult();
    String name = measured.getParams().getBenchmark().replaceFirst("^.*\\.(?=[^.]+\\.[^.]+$)", "");
    String containers = measured.getParams().getParam("containers");
    return String.format(
        Locale.ROOT,
        "%-44s %,11.0f %s %,12.0f%n",
        containers == null ? name : name + ", " + containers + " containers",
        result.getScore(),
        result.getScoreUnit().replace("/op", ""),
        result.getScoreError());
  }
}
