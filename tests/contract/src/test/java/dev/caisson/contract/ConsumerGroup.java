package dev.caisson.contract;

import dev.caisson.contract.Member.Delivery;
import dev.caisson.events.ClientSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.common.GroupState;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** Three processes of the guide's Node.js example, also after some were killed. */
final class ConsumerGroup implements AutoCloseable {

  private static final int SIZE = 3;
  private static final String NAME = "guide";
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** In one transaction, so that a partition's part is one batch, which is committed at its end. */
  private static final int ROUND = 6_000;

  /** So many of a round, and a member may be killed: at the beginning of its first batch. */
  private static final int BUSY = 20;

  private final String broker;
  private final Path done;
  private final Path packages;
  private final Path program;
  private final Path errors;
  private final List<Member> all = new ArrayList<>();
  private final List<Member> living = new ArrayList<>();
  private List<Long> processedBefore = List.of();

  ConsumerGroup(String broker, Path packages, Path directory) throws IOException {
    this.broker = broker;
    this.packages = packages;
    done = Files.createDirectory(directory.resolve("done"));
    program = Guide.write("js", directory.resolve("consume.js"));
    errors = Files.createFile(directory.resolve("errors"));
  }

  /** Starts what is missing, and returns when the broker has given each its partitions. */
  void fill() throws IOException {
    while (living.size() < SIZE) {
      List<String> arguments = List.of(broker, NAME, done.toString());
      living.add(Member.start(program, packages, arguments, errors));
      all.add(living.getLast());
    }
    try (Admin admin = Admin.create(ClientSettings.of(broker).admin())) {
      waiting().until(() -> isWhole(admin));
    }
    processedBefore = living.stream().map(Member::processed).toList();
  }

  /**
   * Relays, and more until each has begun with what came since it was filled: a slow machine's
   * member may have been taken for dead meanwhile, and have come back to nothing.
   */
  void keepBusy(Journal journal) throws Exception {
    journal.relay(ROUND);
    waiting()
        .until(() -> {
          boolean busy = isBusy();
          if (!busy && processed().size() == journal.ids().size()) {
            journal.relay(ROUND);
          }
          return busy;
        });
  }

  private boolean isBusy() {
    return IntStream.range(0, SIZE)
        .allMatch(i -> living.get(i).processed() - processedBefore.get(i) > BUSY);
  }

  void kill(int count) {
    for (int i = 0; i < count; i++) {
      living.removeFirst().kill();
    }
  }

  void awaitProcessed(int count) {
    waiting().until(() -> processed().size() == count);
  }

  /** The ids of what has had its effect; not the draft of a member that was killed. */
  List<String> processed() throws IOException {
    try (Stream<Path> files = Files.list(done)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .toList();
    }
  }

  /** Of each process, in the order in which it said them. */
  List<List<Delivery>> deliveries() {
    return all.stream().map(Member::deliveries).toList();
  }

  void leave() {
    living.forEach(Member::close);
    living.clear();
  }

  @Override
  public void close() {
    leave();
  }

  private static boolean isWhole(Admin admin) throws Exception {
    ConsumerGroupDescription group =
        admin.describeConsumerGroups(List.of(NAME)).describedGroups().get(NAME).get();
    return group.groupState() == GroupState.STABLE
        && group.members().size() == SIZE
        && group.members().stream()
            .noneMatch(member -> member.assignment().topicPartitions().isEmpty());
  }

  private static ConditionFactory waiting() {
    return Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .ignoreExceptionsMatching(e -> e instanceof ExecutionException);
  }
}
