package dev.caisson.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Times each operation on a container that is the only one, and on one of many that are alive; in
 * turns, so that what disturbs the machine disturbs both alike. One life follows the other at once,
 * while the kernel still undoes the one before, or after a pause. Containers of other runtimes are
 * timed alone and among the same many: what grows there, too, is the kernel's.
 *
 * <p>Arguments, in pairs: `--socket` of the gateway, `--bundle` DIR, `--count` N of each turn,
 * `--alive` N, `--results` FILE, and as those of {@link Bench} `--state`, `--runc` and `--crun`.
 */
public final class Scale {
  private static final int TURNS = 3;
  private static final int WARM_UP = 100;

  /** Of the lives of Caisson's containers, for each other runtime: a process for each command. */
  private static final int PEER_SHARE = 3;

  private static final long SEED = 1;

  private final Lives lives;
  private final List<LifeSubject> subjects;
  private final int count;
  private final Random random = new Random(SEED);
  private final Map<String, Map<Pattern, Times>> alone = new LinkedHashMap<>();
  private final Map<String, Map<Pattern, Times>> among = new LinkedHashMap<>();
  private int ids;

  private Scale(Lives lives, List<LifeSubject> peers, int count) {
    this.lives = lives;
    this.subjects = new ArrayList<>(List.of(lives));
    this.subjects.addAll(peers);
    this.count = count;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arguments.pairs(args);
    Path bundle = Path.of(Arguments.required(options, "--bundle"));
    int alive = Integer.parseInt(options.getOrDefault("--alive", "1000"));
    int count = Integer.parseInt(options.getOrDefault("--count", "150"));
    try (Lives lives = new Lives(Path.of(Arguments.required(options, "--socket")), bundle)) {
      ScaleReport report = new Scale(lives, peers(bundle, options), count).measure(alive);
      System.out.print(report.table());
      report.write(Path.of(Arguments.required(options, "--results")));
    }
  }

  private static List<LifeSubject> peers(Path bundle, Map<String, String> options)
      throws IOException {
    List<LifeSubject> peers = new ArrayList<>();
    for (String runtime : Arguments.RUNTIMES) {
      if (options.containsKey("--" + runtime)) {
        Path state = Path.of(Arguments.required(options, "--state"));
        String program = Arguments.required(options, "--" + runtime);
        peers.add(new CommandLives(runtime, program, bundle, state));
      }
    }
    return peers;
  }

  private ScaleReport measure(int alive) throws Exception {
    cycles(lives, Pattern.BACK_TO_BACK, new Times(), WARM_UP);
    for (int turn = 0; turn < TURNS; turn++) {
      cycles(alone);
      List<String> others = fill(alive - 1);
      cycles(among);
      Collections.shuffle(others, random);
      others.forEach(id -> lives.delete(id, true));
    }
    return new ScaleReport(
        Instant.now(),
        System.getProperty("os.version", ""),
        Runtime.getRuntime().availableProcessors(),
        alive,
        statistics(alone),
        statistics(among));
  }

  private void cycles(Map<String, Map<Pattern, Times>> times) throws Exception {
    for (LifeSubject subject : subjects) {
      var own = times.computeIfAbsent(subject.name(), _ -> new EnumMap<>(Pattern.class));
      for (Pattern pattern : Pattern.values()) {
        int lifes = subject.equals(lives) ? count : Math.ceilDiv(count, PEER_SHARE);
        cycles(subject, pattern, own.computeIfAbsent(pattern, _ -> new Times()), lifes);
      }
    }
  }

  /** Whole lives, one after the other. */
  private void cycles(LifeSubject subject, Pattern pattern, Times times, int lifes)
      throws Exception {
    for (int life = 0; life < lifes; life++) {
      pattern.pause();
      String id = newId();
      for (Operation operation : subject.operations()) {
        long start = System.nanoTime();
        subject.perform(operation, id);
        times.add(operation, System.nanoTime() - start);
      }
    }
  }

  private List<String> fill(int others) throws Exception {
    List<String> made = new ArrayList<>();
    for (int other = 0; other < others; other++) {
      String id = newId();
      lives.perform(Operation.CREATE, id);
      lives.perform(Operation.START, id);
      made.add(id);
    }
    return made;
  }

  private String newId() {
    return "scale-" + ProcessHandle.current().pid() + "-" + ids++;
  }

  /** Of each operation, in nanoseconds. */
  private static final class Times {
    private final Map<Operation, List<Long>> all = new EnumMap<>(Operation.class);

    void add(Operation operation, long nanos) {
      all.computeIfAbsent(operation, _ -> new ArrayList<>()).add(nanos);
    }

    Map<Operation, Statistics> statistics() {
      Map<Operation, Statistics> statistics = new EnumMap<>(Operation.class);
      all.forEach((operation, nanos) ->
          statistics.put(
              operation, Statistics.of(nanos.stream().mapToLong(Long::longValue).toArray())));
      return statistics;
    }
  }

  private static Map<String, Map<Pattern, Map<Operation, Statistics>>> statistics(
      Map<String, Map<Pattern, Times>> times) {
    Map<String, Map<Pattern, Map<Operation, Statistics>>> statistics = new LinkedHashMap<>();
    times.forEach((subject, patterns) -> {
      Map<Pattern, Map<Operation, Statistics>> own = new EnumMap<>(Pattern.class);
      patterns.forEach((pattern, measured) -> own.put(pattern, measured.statistics()));
      statistics.put(subject, own);
    });
    return statistics;
  }
}
