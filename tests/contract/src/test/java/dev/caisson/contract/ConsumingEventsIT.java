package dev.caisson.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.caisson.backing.Broker;
import dev.caisson.contract.Member.Delivery;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Topic;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the code of docs/consuming-events.md against a real broker, as it stands there. */
class ConsumingEventsIT {

  /** What a program of the guide, or npm, may take. */
  private static final String PROGRAM_SECONDS = "180";

  private static final Path INTEROP = Path.of("../interop/node");

  /** Kept from one run to the next. */
  private static final Path PACKAGES = Path.of("target/node").toAbsolutePath();

  @TempDir Path directory;

  private Broker broker;
  private Journal journal;

  @BeforeEach
  void start() {
    broker = Broker.at(directory.resolve("broker"));
    broker.start();
    KafkaAccess.of(broker.address(), (short) 1).prepare(Topic.EVENTS);
    journal = new Journal("node-1", broker.address());
  }

  @AfterEach
  void stop() {
    journal.close();
    broker.close();
  }

  @Test
  void kcatShowsEachEventOnce() throws Exception {
    assumeInstalled("kcat", "jq");
    journal.relay(200);
    Ended ended = run(Map.of("KAFKA", broker.address()), "bash", "-c", Guide.code("bash"));
    assertThat(ended.code()).as(ended.output()).isZero();
    assertThat(ended.output().lines())
        .hasSize(200)
        .allMatch(line ->
            line.matches(
                "2023-11-[^ ]+Z dev\\.caisson\\.container\\.started\\.v1 sandboxes/[0-9a-f-]{36}"));
  }

  @Test
  void javaVerifiesTheChainAndNamesWhatDoesNotHold() throws Exception {
    Path program = Guide.write("java", directory.resolve("VerifyChain.java"));
    journal.relay(500);
    Ended holds = verify(program, broker.address());
    assertThat(holds.output())
        .endsWith("/nodes/node-1: 500 records hold, the last is CONTAINER_STARTED\n");
    assertThat(holds.code()).isZero();
    try (Journal other = new Journal("node-2", broker.address())) {
      other.relay(7);
      other.withhold();
      other.relay(3);
    }
    Ended broken = verify(program, broker.address());
    assertThat(broken.output())
        .contains("/nodes/node-1: 500 records hold, the last is CONTAINER_STARTED\n")
        .contains("/nodes/node-2: does not hold at Position[epoch=1, seq=9]\n");
    assertThat(broken.code()).isEqualTo(1);
  }

  @Test
  void aGroupOfWhichMembersAreKilledLosesNothingAndKnowsEachRepeat() throws Exception {
    assumeInstalled("node", "npm");
    try (ConsumerGroup group = new ConsumerGroup(broker.address(), packages(), directory)) {
      for (int killed : new int[] {1, 2, 0}) {
        group.fill();
        group.keepBusy(journal);
        group.kill(killed);
      }
      group.awaitProcessed(journal.ids().size());
      group.leave();
      assertThat(group.processed()).containsExactlyInAnyOrderElementsOf(journal.ids());
      check(group.deliveries());
    }
  }

  /** What they have said: each was new once, and everything else was recognised. */
  private void check(List<List<Delivery>> members) {
    List<Delivery> all = members.stream().flatMap(List::stream).toList();
    List<String> fresh = all.stream().filter(Delivery::isNew).map(Delivery::id).toList();
    Set<String> delivered = all.stream().map(Delivery::id).collect(Collectors.toSet());
    assertThat(fresh).doesNotHaveDuplicates();
    assertThat(delivered).containsExactlyInAnyOrderElementsOf(journal.ids());
    members.forEach(ConsumingEventsIT::checkOrder);
    int repeats = all.size() - fresh.size();
    assertThat(repeats).as("a group whose members are killed is given some again").isPositive();
    System.out.printf(
        "consumer group: %d events, %d processes of which 3 were killed, %d repeats, each recognised%n",
        journal.ids().size(), members.size(), repeats);
  }

  /** A sandbox's events come to a process in their order, whatever else it is given meanwhile. */
  private static void checkOrder(List<Delivery> deliveries) {
    deliveries.stream()
        .filter(Delivery::isNew)
        .collect(Collectors.groupingBy(Delivery::subject))
        .forEach((sandbox, its) ->
            assertThat(its).as(sandbox).extracting(Delivery::sequence).isSorted());
  }

  /** What tests/interop/node pins, installed once. */
  private static Path packages() throws Exception {
    Path installed = PACKAGES.resolve("node_modules");
    Path lock = PACKAGES.resolve("package-lock.json");
    if (!Files.exists(installed.resolve(".package-lock.json"))
        || Files.mismatch(INTEROP.resolve("package-lock.json"), lock) >= 0) {
      Files.createDirectories(PACKAGES);
      for (String file : List.of("package.json", "package-lock.json")) {
        Files.copy(
            INTEROP.resolve(file), PACKAGES.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
      Ended ended =
          run(
              Map.of(),
              "npm",
              "--prefix",
              PACKAGES.toString(),
              "ci",
              "--ignore-scripts",
              "--no-audit",
              "--no-fund");
      assertThat(ended.code()).as(ended.output()).isZero();
    }
    return installed;
  }

  private static Ended verify(Path program, String broker) throws Exception {
    return run(
        Map.of(),
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp",
        System.getProperty("java.class.path"),
        program.toString(),
        broker);
  }

  private static void assumeInstalled(String... programs) throws Exception {
    for (String program : programs) {
      assumeThat(run(Map.of(), "which", program).code())
          .as(program + " is not installed: caisson doctor says what is needed")
          .isZero();
    }
  }

  private record Ended(int code, String output) {}

  private static Ended run(Map<String, String> environment, String... command) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder("timeout", PROGRAM_SECONDS).redirectErrorStream(true);
    builder.command().addAll(List.of(command));
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), output);
  }
}
