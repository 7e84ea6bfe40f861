package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.executor.ModelCalls.Answer;
import dev.caisson.executor.ModelClient.Done;
import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.Cgroups;
import dev.caisson.executor.store.Loaded;
import dev.caisson.executor.store.Store;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Random operations of several clients at once, on containers of their own and on ones that they
 * share, while the executor is killed and replaced: against a model that fits on a page. After each
 * round the model, the executor's answers, its store, the kernel and the journal agree; at the end
 * nothing is left. {@code caisson verify --model 1000000} makes it a million. Each round has a
 * seed, which makes the next one's: {@code -Dcaisson.model.seed} is the first one's. Who is faster
 * is different each time: nothing is shrunk.
 */
class ModelIT {
  private static final int OPERATIONS = Integer.getInteger("caisson.model.operations", 1_000);
  private static final boolean LONG = OPERATIONS > 5_000;
  private static final int TRIES = 2;
  private static final int CLIENTS = 6;
  private static final int OF_A_ROUND = CLIENTS * (LONG ? 500 : 85);

  /** A start takes as long as many operations; now and then two follow each other at once. */
  private static final int REPLACED_AFTER = LONG ? 1_000 : 150;

  private static final int SOON = 30;
  private static final int SOON_OF = 4;

  private static final List<String> SHARED = List.of("contended", "contended-left");
  private static final List<String> SANDBOXES = List.of("left", "right");

  private static TestNode node;

  private static ModelRecord record;
  private static Left before;
  private static Progress progress;
  private static long cutOff;
  private static Optional<Long> first = Optional.ofNullable(Long.getLong("caisson.model.seed"));

  @BeforeContainer
  static void begin() throws Exception {
    node = TestNode.launchApart("limits.log-bytes = 104857600");
    Files.writeString(ModelClient.hook(node), "#!/bin/sh\ncat > /dev/null\n");
    assertThat(ModelClient.hook(node).toFile().setExecutable(true)).isTrue();
    node.allow("hook = " + ModelClient.hook(node));
    node.restart();
    record = new ModelRecord(node);
    before = warmedUp();
    progress = new Progress(OPERATIONS);
  }

  @AfterContainer
  static void end() throws Exception {
    if (node != null) {
      node.close();
      node = null;
    }
  }

  /** All alike: small numbers, which come first otherwise, would be the same games each time. */
  @Provide
  Arbitrary<Long> seeds() {
    return Arbitraries.longs().withDistribution(RandomDistribution.uniform());
  }

  /** Each of its tries has an equal share of the rounds. */
  @Property(tries = TRIES, shrinking = ShrinkingMode.OFF, edgeCases = EdgeCasesMode.NONE)
  void agrees(@ForAll("seeds") long generated) throws Exception {
    long seed = first.orElse(generated);
    first = Optional.empty();
    for (int done = 0; done < OPERATIONS / TRIES; done += OF_A_ROUND) {
      Random random = new Random(seed);
      long next = random.nextLong();
      progress.begins(seed);
      try {
        round(random);
      } catch (Exception | Error e) {
        progress.say();
        throw e;
      }
      progress.ended(OF_A_ROUND);
      seed = next;
    }
    if (progress.isThrough()) {
      assertThat(cutOff).as("operations that were cut off").isPositive();
    }
    TestNode.eventually(
        "nothing is left",
        () -> Left.now(node).equals(before),
        () -> assertThat(Left.now(node)).isEqualTo(before));
  }

  /** What a life of the executor has open, and has made, once it has done everything. */
  private static Left warmedUp() throws Exception {
    String warm = "warm" + ModelClient.HOOKED;
    var request = ModelClient.request(node, warm, "exec sleep 60").setLogs(ModelClient.LOGS);
    var _ = node.stub().createContainer(request.build());
    node.start(warm);
    assertThat(node.exec(warm, "true").ended().code()).isZero();
    node.pause(warm);
    node.delete(warm, true);
    marked();
    return Left.now(node);
  }

  private static List<Event> marked() throws Exception {
    String mark = node.newId("mark");
    node.createSandbox(mark);
    node.deleteSandbox(mark, false);
    return record.upToDeletionOf(mark);
  }

  private static void round(Random random) throws Exception {
    SANDBOXES.forEach(node::createSandbox);
    Map<String, Map<String, Long>> open = descriptorsOfInits();
    List<ModelClient> clients = clients(random);
    runAll(clients, random);
    List<Done> operations = clients.stream().flatMap(one -> one.done().stream()).toList();
    Map<String, ExitStatus> awaited = new HashMap<>();
    clients.forEach(client -> awaited.putAll(client.awaited()));
    Set<String> lost =
        clients.stream().flatMap(one -> one.lost().stream()).collect(Collectors.toSet());

    cutOff += operations.stream().filter(one -> one.answer() instanceof Answer.Unknown).count();
    List<Event> events = new ArrayList<>(marked());
    ModelRecord.dying(events).forEach(id -> awaited.putAll(end(id, events)));
    Map<String, Container> living = living();
    events.addAll(marked());
    ModelRecord.isComplete(events);
    ModelRecord.agreesWithClients(events, operations);
    ModelRecord.explains(events, living);
    ModelRecord.tellsExits(events, awaited, operations);
    ModelRecord.tellsLosses(events, lost);
    ModelRecord.ranHooks(events);
    SHARED.forEach(id -> ModelRecord.orders(events, id, operations));
    isWhatTheKernelSays(living);
    isWhatIsStored(living);

    living.values().forEach(container -> node.delete(container.getId(), true));
    TestNode.eventually(
        "caisson-init holds nothing of what is gone",
        () -> descriptorsOfInits().equals(open),
        () -> assertThat(descriptorsOfInits()).isEqualTo(open));
    node.deleteEverything();
    marked();
  }

  private static Map<String, ExitStatus> end(String id, List<Event> events) {
    try {
      return Map.of(node.get(id).getUid(), node.await(id));
    } catch (StatusRuntimeException e) {
      throw new AssertionError(
          "after " + ModelRecord.words(ModelRecord.ofContainer(events, id)), e);
    }
  }

  private static List<ModelClient> clients(Random random) {
    AtomicInteger begun = new AtomicInteger();
    List<ModelClient> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(
          new ModelClient(
              node,
              "client-" + i,
              new Random(random.nextLong()),
              OF_A_ROUND / CLIENTS,
              SHARED,
              begun));
    }
    return clients;
  }

  /** With an executor that is replaced at any moment, by a crash as often as not. */
  private static void runAll(List<ModelClient> clients, Random random) throws Exception {
    try (ExecutorService threads =
        Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      CompletableFuture<?> all =
          CompletableFuture.allOf(
              clients.stream()
                  .map(client -> CompletableFuture.runAsync(client, threads))
                  .toArray(CompletableFuture[]::new));
      int next = 1 + random.nextInt(REPLACED_AFTER);
      while (!all.isDone()) {
        awaitBegun(clients.getFirst(), next, all);
        if (!all.isDone()) {
          replace(random);
          int pause = random.nextInt(SOON_OF) == 0 ? SOON : 2 * REPLACED_AFTER;
          next = clients.getFirst().begun() + random.nextInt(pause);
        }
      }
      all.join();
    }
  }

  /** However long so many take: as long as each is followed by another. */
  private static void awaitBegun(ModelClient any, int wanted, CompletableFuture<?> all) {
    while (!all.isDone() && any.begun() < wanted) {
      int before = any.begun();
      TestNode.eventually("operations go on", () -> all.isDone() || any.begun() > before);
    }
  }

  private static void replace(Random random) throws IOException {
    long began = System.nanoTime();
    switch (random.nextInt(8)) {
      case 0, 1 -> node.replace(false);
      case 2 -> node.crashTwice();
      case 3 -> node.replaceByOneOfTwo();
      case 4 -> node.refuseAnother();
      default -> node.replace(true);
    }
    progress.replaced(Duration.ofNanos(System.nanoTime() - began));
  }

  private static Map<String, Container> living() {
    return node
        .stub()
        .listContainers(ListContainersRequest.getDefaultInstance())
        .getContainersList()
        .stream()
        .collect(Collectors.toMap(Container::getUid, container -> container));
  }

  private static List<Sandbox> sandboxes() {
    return node.stub().listSandboxes(ListSandboxesRequest.getDefaultInstance()).getSandboxesList();
  }

  private static Map<String, Map<String, Long>> descriptorsOfInits() {
    Map<String, Map<String, Long>> open = new HashMap<>();
    for (Sandbox sandbox : sandboxes()) {
      open.put(sandbox.getId(), Traces.descriptorsOf(sandbox.getInitPid()));
    }
    return open;
  }

  /** Processes run where they are said to, stand still where they are paused, and are no others. */
  private static void isWhatTheKernelSays(Map<String, Container> living) throws Exception {
    Cgroups cgroups = Cgroups.detect(Kernel.open().files(), Path.of("/proc/self/mountinfo"));
    for (Container container : living.values()) {
      Cgroup cgroup = cgroups.open(container.getCgroup());
      List<Integer> processes = cgroup.processes();
      if (container.getState() == ContainerState.STOPPED) {
        assertThat(processes).as("%s", container).isEmpty();
      } else {
        assertThat(processes).as("%s", container).contains(container.getPid());
        assertThat(Frozen.is(container.getCgroup()))
            .as("%s is frozen", container)
            .isEqualTo(container.getState() == ContainerState.PAUSED);
      }
    }
    try (Stream<Path> directories = Files.list(node.run().resolve("sandboxes"))) {
      assertThat(directories.map(directory -> directory.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(sandboxes().stream().map(Sandbox::getUid).toList());
    }
    for (Sandbox sandbox : sandboxes()) {
      long alive =
          living.values().stream()
              .filter(one -> one.getSandboxUid().equals(sandbox.getUid()))
              .filter(one -> one.getState() != ContainerState.STOPPED)
              .count();
      assertThat(cgroups.open(sandbox.getCgroup()).processes())
          .as("caisson-init and a process each")
          .hasSize(1 + Math.toIntExact(alive));
    }
  }

  private static void isWhatIsStored(Map<String, Container> living) throws Exception {
    Path copy = Files.createTempDirectory(node.base(), "store");
    Files.copy(node.data().resolve("store/store.log"), copy.resolve("store.log"));
    try (Store store = Store.open(copy)) {
      Loaded loaded = store.load();
      assertThat(loaded.sandboxes())
          .extracting(stored -> stored.getUid())
          .containsExactlyInAnyOrderElementsOf(sandboxes().stream().map(Sandbox::getUid).toList());
      assertThat(loaded.containers())
          .extracting(ContainerRecord::getUid)
          .containsExactlyInAnyOrderElementsOf(living.keySet());
      for (ContainerRecord stored : loaded.containers()) {
        Container container = living.get(stored.getUid());
        assertThat(stored.getState()).as("%s", container).isEqualTo(container.getState());
        assertThat(stored.getExit()).as("%s", container).isEqualTo(container.getExit());
        assertThat(stored.getPid()).as("%s", container).isEqualTo(container.getPid());
      }
    }
  }
}
