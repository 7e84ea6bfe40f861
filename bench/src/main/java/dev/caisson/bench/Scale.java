package dev.caisson.bench;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Times each operation on a container that is the only one, and on one of many that are alive; in
 * turns, so that what disturbs the machine disturbs both alike. One life follows the other at once,
 * while the kernel still undoes the one before, or after a pause.
 *
 * <p>Arguments, in pairs: `--socket` of the gateway, `--bundle` DIR, `--count` N of each turn,
 * `--alive` N, `--results` FILE.
 */
public final class Scale {
  private static final int TURNS = 3;
  private static final int WARM_UP = 100;
  private static final long SEED = 1;

  private final Lives lives;
  private final int count;
  private final Random random = new Random(SEED);
  private final Map<Pattern, Times> alone = new EnumMap<>(Pattern.class);
  private final Map<Pattern, Times> among = new EnumMap<>(Pattern.class);
  private int ids;

  private Scale(Lives lives, int count) {
    this.lives = lives;
    this.count = count;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = Arguments.pairs(args);
    int alive = Integer.parseInt(options.getOrDefault("--alive", "1000"));
    int count = Integer.parseInt(options.getOrDefault("--count", "150"));
    try (Lives lives =
        new Lives(
            Path.of(Arguments.required(options, "--socket")),
            Path.of(Arguments.required(options, "--bundle")))) {
      ScaleReport report = new Scale(lives, count).measure(alive);
      System.out.print(report.table());
      report.write(Path.of(Arguments.required(options, "--results")));
    }
  }

  private ScaleReport measure(int alive) throws Exception {
    cycles(Pattern.BACK_TO_BACK, new Times(), WARM_UP);
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

  private void cycles(Map<Pattern, Times> times) throws Exception {
    for (Pattern pattern : Pattern.values()) {
      cycles(pattern, times.computeIfAbsent(pattern, _ -> new Times()), count);
    }
  }

  /** Whole lives, one after the other. */
  private void cycles(Pattern pattern, Times times, int lifes) throws Exception {
    for (int life = 0; life < lifes; life++) {
      pattern.pause();
      String id = newId();
      for (Operation operation : Operation.values()) {
        long start = System.nanoTime();
        lives.perform(operation, id);
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

  private static Map<Pattern, Map<Operation, Statistics>> statistics(Map<Pattern, Times> times) {
    Map<Pattern, Map<Operation, Statistics>> statistics = new EnumMap<>(Pattern.class);
    times.forEach((pattern, measured) -> statistics.put(pattern, measured.statistics()));
    return statistics;
  }
}
