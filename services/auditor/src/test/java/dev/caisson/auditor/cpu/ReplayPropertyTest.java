package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assumptions.assumeThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.cpu.Histories.History;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Ten thousand histories, and as many more as are asked for: {@code caisson verify --histories N}.
 */
class ReplayPropertyTest {

  private static final int HISTORIES = 100;
  private static final int ROUNDS = 100;
  private static final int MAX_RESTARTS = 2;
  private static final int GENERATED_WITH = 1_000;

  private static Path state = Path.of("");

  /** Sandboxes side by side, and when the auditor starts again. */
  record Round(List<History> histories, Set<Integer> restarts) {}

  @BeforeContainer
  static void makeState() throws IOException {
    state = Files.createTempDirectory("caisson-replay");
  }

  @AfterContainer
  static void removeState() throws IOException {
    try (var files = Files.walk(state)) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  @Property(tries = ROUNDS, edgeCases = EdgeCasesMode.NONE)
  void theTopologyAndPlainCodeAndTheRulesGiveTheSame(@ForAll("rounds") Round round)
      throws InvalidProtocolBufferException {
    Replay.holds(round.histories(), round.restarts(), state);
  }

  @Example
  void asManyAsAreAskedFor() throws InvalidProtocolBufferException {
    int asked = Integer.getInteger("caisson.histories", 0);
    assumeThat(asked).as("caisson verify --histories N asks for them").isPositive();
    long seed = Long.getLong("caisson.histories.seed", System.nanoTime());
    RandomGenerator<Round> generator = rounds().generator(GENERATED_WITH);
    for (int done = 0; done < asked; done += HISTORIES, seed++) {
      System.out.printf("histories: %,d of %,d hold; the next seed is %d%n", done, asked, seed);
      Round round = generator.next(new Random(seed)).value();
      Replay.holds(round.histories(), round.restarts(), state);
    }
    System.out.printf("histories: all %,d hold%n", asked);
  }

  @Provide
  Arbitrary<Round> rounds() {
    return Combinators.combine(
            Histories.any().list().ofSize(HISTORIES),
            Arbitraries.integers().between(0, Histories.MAX_STEPS).set().ofMaxSize(MAX_RESTARTS))
        .as(Round::new);
  }
}
