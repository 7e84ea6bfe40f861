package dev.caisson.bench;

import com.google.protobuf.ByteString;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Times the running of one bundle by Caisson and by the runtimes that are given.
 *
 * <p>Arguments, in pairs: `--socket` of the gateway, `--bundle` DIR, `--count` N, `--results` FILE,
 * `--state` DIR for the other runtimes, and their programs as `--runc` FILE and `--crun` FILE.
 */
public final class Bench {
  private static final int WARM_UP = 30;

  private Bench() {}

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arguments.pairs(args);
    Path bundle = Path.of(Arguments.required(options, "--bundle"));
    int count = Integer.parseInt(options.getOrDefault("--count", "200"));
    ByteString config = ByteString.copyFrom(Files.readAllBytes(bundle.resolve("config.json")));
    try (CaissonSubject caisson =
        new CaissonSubject(Path.of(Arguments.required(options, "--socket")), bundle, config)) {
      Report report = measured(subjects(caisson, bundle, options), count);
      System.out.print(report.table());
      report.write(Path.of(Arguments.required(options, "--results")));
    }
  }

  private static Report measured(List<Subject> subjects, int count) throws Exception {
    Map<Pattern, Map<String, Statistics>> patterns = new LinkedHashMap<>();
    for (Pattern pattern : Pattern.values()) {
      patterns.put(pattern, pattern.measure(subjects, WARM_UP, count));
    }
    return new Report(
        Instant.now(),
        System.getProperty("os.version", ""),
        Runtime.getRuntime().availableProcessors(),
        patterns);
  }

  private static List<Subject> subjects(Subject caisson, Path bundle, Map<String, String> options) {
    List<Subject> subjects = new ArrayList<>(List.of(caisson));
    for (String runtime : Arguments.RUNTIMES) {
      if (options.containsKey("--" + runtime)) {
        subjects.add(
            oci(
                runtime,
                Arguments.required(options, "--" + runtime),
                bundle,
                Arguments.required(options, "--state")));
      }
    }
    subjects.add(new CommandSubject("(spawn of /bin/true)", run -> List.of("/bin/true")));
    return subjects;
  }

  private static Subject oci(String name, String program, Path bundle, String state) {
    return new CommandSubject(
        name + " run",
        run ->
            List.of(
                program,
                "--root",
                state + "/" + name,
                "run",
                "--bundle",
                bundle.toString(),
                name + "-bench-" + run));
  }
}
