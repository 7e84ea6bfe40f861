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
 * turns, so that what disturbs the machine disturbs both alike.
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
  private final Map<Operation, List<Long>> alone = new EnumMap<>(Operation.class);
  private final Map<Operation, List<Long>> among = new EnumMap<>(Operation.class);
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
    cycles(new EnumMap<>(Operation.class), WARM_UP);
    for (int turn = 0; turn < TURNS; turn++) {
      cycles(alone, count);
      List<String> others = fill(alive - 1);
      cycles(among, count);
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

  /** Whole lives, one after the other. */
  private void cycles(Map<Operation, List<Long>> times, int lifes) throws Exception {
    for (int life = 0; life < lifes; life++) {
      String id = newId();
      for (Operation operation : Operation.values()) {
        long start = System.nanoTime();
        lives.perform(operation, id);
        times.computeIfAbsent(operation, _ -> new ArrayList<>()).add(System.nanoTime() - start);
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

  private static Map<Operation, Statistics> statistics(Map<Operation, List<Long>> times) {
    Map<Operation, Statistics> statistics = new EnumMap<>(Operation.class);
    times.forEach((operation, nanos) ->
        statistics.put(
            operation, Statistics.of(nanos.stream().mapToLong(Long::longValue).toArray())));
    return statistics;
  }
}
