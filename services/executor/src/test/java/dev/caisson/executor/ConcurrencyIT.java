package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Many callers at once. */
class ConcurrencyIT extends OnNode {
  /** Request ids are remembered beyond each test. */
  private final String id1 = node.newId("r");

  private final String id2 = node.newId("r");

  /** What came of each: null where it succeeded. */
  private static List<Throwable> together(List<Runnable> calls) throws Exception {
    CyclicBarrier start = new CyclicBarrier(calls.size());
    List<CompletableFuture<Throwable>> ends = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(calls.size())) {
      for (Runnable call : calls) {
        ends.add(
            CompletableFuture.supplyAsync(
                () ->
                    catchThrowable(() -> {
                      start.await(10, TimeUnit.SECONDS);
                      call.run();
                    }),
                threads));
      }
      List<Throwable> problems = new ArrayList<>();
      ends.forEach(end -> problems.add(end.join()));
      return problems;
    }
  }

  private static List<Runnable> times(int count, Runnable call) {
    return IntStream.range(0, count).mapToObj(i -> call).toList();
  }

  private static void oneSucceeds(List<Throwable> ends, Status.Code code, Reason reason) {
    assertThat(ends.stream().filter(end -> end == null)).hasSize(1);
    ends.stream().filter(end -> end != null).forEach(end -> Problem.of(end).is(code, reason));
  }

  @RepeatedTest(3)
  void ofManyCreationsOfOneIdOneSucceeds() throws Exception {
    var ends = together(times(8, () -> node.create("c", node.spec("sleep", "60"))));
    oneSucceeds(ends, Status.Code.ALREADY_EXISTS, Reason.CONTAINER_EXISTS);
    assertThat(node.state("c")).isEqualTo(ContainerState.CREATED);
  }

  @RepeatedTest(3)
  void ofManyStartsOneSucceeds() throws Exception {
    var spec = node.shell("echo x >> /shared/started; sleep 60");
    Path volume = node.share(spec);
    node.create("c", spec);
    var ends = together(times(8, () -> node.start("c")));
    oneSucceeds(ends, Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    TestNode.eventually("it runs", () -> volume.resolve("started").toFile().length() > 0);
    assertThat(Files.readString(volume.resolve("started"))).isEqualTo("x\n");
  }

  @RepeatedTest(5)
  void aStartAndADeletionAreSerialised() throws Exception {
    node.create("c", node.spec("sleep", "60"));
    var ends = together(List.of(() -> node.start("c"), () -> node.delete("c", true)));
    assertThat(ends.get(1)).isNull();
    if (ends.get(0) != null) {
      assertThat(Problem.of(ends.get(0)).reason())
          .isIn(Reason.WRONG_STATE.name(), Reason.CONTAINER_NOT_FOUND.name());
    }
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @RepeatedTest(5)
  void aStartAndAKillAreSerialised() throws Exception {
    node.create("c", node.spec("sleep", "60"));
    var ends = together(List.of(() -> node.start("c"), () -> node.signal("c", 9)));
    assertThat(ends.get(1)).isNull();
    if (ends.get(0) != null) {
      Problem.of(ends.get(0)).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    }
    assertThat(node.await("c").getSignal()).isEqualTo(9);
    node.delete("c");
  }

  @RepeatedTest(5)
  void ofManyDeletionsOneSucceedsAndNoneTouchesASuccessor() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    List<Runnable> calls = new ArrayList<>(times(6, () -> node.delete("c", true)));
    calls.add(() ->
        TestNode.eventually(
            "the id is free",
            () -> catchThrowable(() -> node.create("c", node.spec("sleep", "60"))) == null));
    var ends = together(calls);
    assertThat(ends.getLast()).isNull();
    ends.subList(0, 6).stream()
        .filter(end -> end != null)
        .forEach(end -> Problem.of(end).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND));
    Throwable gone = catchThrowable(() -> node.get("c"));
    if (gone == null) {
      node.delete("c");
    }
    node.create("c", node.spec("true"));
    node.delete("c");
  }

  @Test
  void runsFiftyAtOnce() throws Exception {
    var ends =
        together(
            IntStream.range(0, 50)
                .mapToObj(i ->
                    (Runnable)
                        () -> {
                          var spec = node.shell("echo " + i + "; exit " + i);
                          var run = node.runOfMany(node.request(node.newId("run"), spec).build());
                          Ended ended = run.closeInput().ended(TestNode.OF_MANY);
                          assertThat(ended.out()).isEqualTo(i + "\n");
                          assertThat(ended.code()).isEqualTo(i);
                        })
                .toList());
    assertThat(ends).containsOnlyNulls();
  }

  @Test
  void startsAndDeletesManyContainersOfOneSandbox() throws Exception {
    node.createSandbox("box");
    var ends =
        together(
            IntStream.range(0, 9)
                .mapToObj(i ->
                    (Runnable)
                        () -> {
                          node.createIn("box", "c" + i, node.spec("sleep", "60"));
                          var problem = catchThrowable(() -> node.start("c" + i));
                          assertThat(problem).isNull();
                          node.delete("c" + i, true);
                        })
                .toList());
    assertThat(ends).containsOnlyNulls();
    node.deleteSandbox("box", false);
  }

  @Test
  void bothCallersReturnWhenARunIsDeleted() {
    var run = node.runAttached(node.request("c", node.spec("sleep", "60")).build());
    run.started();
    node.delete("c", true);
    assertThat(run.ended().signal()).isEqualTo(9);
  }

  /** As by one who was cut off before he had an answer, and does not know. */
  @RepeatedTest(3)
  void theSameRequestAtOnceMakesOne() throws Exception {
    var box = TestNode.sandboxRequest("box").setActor(TestNode.actor(id1)).build();
    var container =
        node.request("c", node.spec("sleep", "60")).setActor(TestNode.actor(id2)).build();
    Set<String> boxes = ConcurrentHashMap.newKeySet();
    Set<String> containers = ConcurrentHashMap.newKeySet();
    assertThat(together(times(8, () -> boxes.add(node.stub().createSandbox(box).getUid()))))
        .containsOnlyNulls();
    assertThat(
            together(
                times(8, () -> containers.add(node.stub().createContainer(container).getUid()))))
        .containsOnlyNulls();
    assertThat(boxes).hasSize(1);
    assertThat(containers).hasSize(1);
  }

  @Test
  void aRequestIdMakesACreationIdempotent() {
    CreateContainerRequest request =
        node.request("c", node.spec("sleep", "60")).setActor(TestNode.actor(id1)).build();
    Container first = node.stub().createContainer(request);
    assertThat(node.stub().createContainer(request).getUid()).isEqualTo(first.getUid());
    node.start("c");
    Container again = node.stub().createContainer(request);
    assertThat(again.getUid()).isEqualTo(first.getUid());
    assertThat(again.getState()).isEqualTo(ContainerState.RUNNING);

    var other = node.request("c", node.spec("true")).setActor(TestNode.actor(id1)).build();
    Problem.of(() -> node.stub().createContainer(other))
        .is(Status.Code.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED);
    var another = request.toBuilder().setActor(TestNode.actor(id2)).build();
    Problem.of(() -> node.stub().createContainer(another))
        .is(Status.Code.ALREADY_EXISTS, Reason.CONTAINER_EXISTS);
  }

  @Test
  void aRequestIdMakesASandboxIdempotent() {
    CreateSandboxRequest request =
        CreateSandboxRequest.newBuilder()
            .setActor(TestNode.actor(id1))
            .setTenant(TestNode.TENANT)
            .setSandboxId("box")
            .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.AUTO))
            .putAnnotations("b", "2")
            .putAnnotations("a", "1")
            .build();
    String uid = node.stub().createSandbox(request).getUid();
    assertThat(node.stub().createSandbox(request).getUid()).isEqualTo(uid);
    Problem.of(() -> node.stub().createSandbox(request.toBuilder().setHostname("other").build()))
        .is(Status.Code.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED);
  }

  private static DeleteSandboxRequest deletion(String requestId) {
    return TestNode.sandboxDeletion("box").setActor(TestNode.actor(requestId)).build();
  }

  @Test
  void aRequestIdMakesADeletionIdempotent() {
    node.createSandbox("box");
    node.createIn("box", "c", node.spec("sleep", "60"));
    Problem.of(() -> node.stub().deleteSandbox(deletion(id1)))
        .is(Status.Code.FAILED_PRECONDITION, Reason.SANDBOX_NOT_EMPTY);
    node.delete("c");
    var done = node.stub().deleteSandbox(deletion(id1));
    assertThat(node.stub().deleteSandbox(deletion(id1))).isEqualTo(done);
    Problem.of(() -> node.stub().deleteSandbox(deletion(id2)))
        .is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);

    String uid = node.createSandbox("box").getUid();
    assertThat(node.stub().deleteSandbox(deletion(id1))).isEqualTo(done);
    assertThat(node.sandbox("box").getUid()).as("another one of this id").isEqualTo(uid);
    assertThat(node.stub().deleteSandbox(deletion(id2))).isEqualTo(done);
    Problem.of(() -> node.sandbox("box")).is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
  }

  @RepeatedTest(3)
  void aDeletionThatIsAskedForManyTimesAtOnceIsDoneForAll() throws Exception {
    node.createSandbox("box");
    DeleteSandboxRequest request = deletion(node.newId("r"));
    assertThat(together(times(8, () -> node.stub().deleteSandbox(request)))).containsOnlyNulls();
    Problem.of(() -> node.sandbox("box")).is(Status.Code.NOT_FOUND, Reason.SANDBOX_NOT_FOUND);
  }

  @Test
  void aRunThatIsTriedAgainIsTheSameRun() {
    CreateContainerRequest request =
        node.request("c", node.shell("echo hello; cat")).setActor(TestNode.actor(id1)).build();
    var first = node.runAttached(request).awaitOutput("hello");
    var second = node.runAttached(request);
    String uid = first.started().getUid();
    assertThat(second.started().getUid()).isEqualTo(uid);
    second.input("still").closeInput();
    assertThat(first.ended().out()).isEqualTo("hello\nstill");
    assertThat(second.ended().out()).isEqualTo("still");
  }

  @Test
  void aRunCanBeTakenUpWithItsRequestId() {
    CreateContainerRequest request =
        node.request("c", node.shell("echo hello; cat")).setActor(TestNode.actor(id1)).build();
    var first = node.runAttached(request).awaitOutput("hello");
    first.cancel();
    TestNode.eventually(
        "the second is attached",
        () -> {
          var second = AttachedClient.run();
          second.begin(node.async()::run, RunRequest.newBuilder().setRun(request).build());
          second.input("more").closeInput();
          Throwable problem = catchThrowable(second::ended);
          return problem == null
              && new String(second.stdout(), java.nio.charset.StandardCharsets.UTF_8)
                  .equals("more");
        });
    Problem.of(() -> node.get("c")).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }
}
