package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.PortForwardClosed;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.executor.v1.PortForwardRequest;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Connections to servers in sandboxes. */
class PortForwardIT {
  private static final int PORT = 8080;
  private static final int MEGABYTE = 1 << 20;
  private static final Duration SHORT = Duration.ofMillis(300);

  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch();
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private void relaunch(String... rules) throws Exception {
    node.close();
    node = TestNode.launch(rules);
  }

  /** A server that has many connections, each with a program of its own. */
  private ContainerSpec.Builder server(String program) {
    return node.shell("exec nc -ll -p " + PORT + " -e " + program);
  }

  /** As soon as its server listens. */
  private ForwardedClient open(String id) {
    return open(id, false);
  }

  private ForwardedClient open(String id, boolean slow) {
    return awaitOpened(() -> ForwardedClient.begin(node, ForwardedClient.request(id, PORT), slow));
  }

  private Problem refused(String id, int port) {
    return Problem.of(ForwardedClient.to(node, id, port).failure());
  }

  private PortForwardClosed closed(String id) throws Exception {
    return Recorded.of(node).stream()
        .filter(event -> event.getPortForwardClosed().getId().equals(id))
        .findFirst()
        .orElseThrow()
        .getPortForwardClosed();
  }

  @Test
  void theCallersEndIsTheServersEndOfInput() throws Exception {
    node.started("c", server("sh -c 'cat; echo end'"));
    ForwardedClient client = open("c").send("hello ").awaitText("hello ").send("there ");
    client.endInput().awaitEndOfData().awaitCompleted();
    assertThat(client.text()).isEqualTo("hello there end\n");
  }

  @Test
  void theServersEndLeavesItReading() throws Exception {
    ContainerSpec.Builder spec =
        node.shell("echo hello | nc -l -p " + PORT + " > /shared/got; sleep 60");
    Path volume = node.share(spec);
    node.started("c", spec);
    ForwardedClient client = open("c").awaitEndOfData();
    assertThat(client.text()).isEqualTo("hello\n");
    assertThat(client.hasEnded()).isFalse();
    client.send("later").send(" still").endInput().awaitCompleted();
    TestNode.eventually("it is there", () -> read(volume.resolve("got")).equals("later still"));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void comesToAServerThatListensByIpv6Alone() throws Exception {
    ContainerSpec.Builder spec =
        node.shell("echo found > /tmp/x; exec httpd -f -p [::1]:" + PORT + " -h /tmp");
    node.started("c", spec);
    ForwardedClient client = open("c").send("GET /x HTTP/1.0\r\n\r\n");
    assertThat(client.awaitEndOfData().text()).startsWith("HTTP/1.").endsWith("found\n");
  }

  @Test
  void manyAtOnceAreApart() throws Exception {
    node.started("c", server("cat"));
    List<ForwardedClient> clients = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      clients.add(open("c").send("<" + i + ">"));
    }
    for (int i = 0; i < clients.size(); i++) {
      clients.get(i).awaitText("<" + i + ">").endInput();
    }
    for (int i = 0; i < clients.size(); i++) {
      clients.get(i).awaitCompleted();
      assertThat(clients.get(i).text()).isEqualTo("<" + i + ">");
    }
  }

  @Test
  void carriesMuchBothWaysUnchanged() throws Exception {
    node.started("c", server("cat"));
    ForwardedClient client = open("c");
    MessageDigest sent = MessageDigest.getInstance("SHA-256");
    Random random = new Random(7);
    byte[] piece = new byte[ForwardedClient.PIECE];
    for (int i = 0; i < 16 * MEGABYTE / piece.length; i++) {
      random.nextBytes(piece);
      sent.update(piece);
      TestNode.eventually("it takes more", client::isReady);
      client.send(ByteString.copyFrom(piece));
    }
    client.endInput().awaitCompleted();
    assertThat(client.count()).isEqualTo(16L * MEGABYTE);
    assertThat(client.sha256()).isEqualTo(sent.digest());
  }

  @Test
  void oneWhoTakesNothingIsWaitedForAndHoldsNobodyUp() throws Exception {
    node.started("c", server("sh -c 'echo x; exec cat /dev/zero'"));
    node.started("echo", server("cat"));
    ForwardedClient slow = open("c", true);
    String id = slow.awaitOpened();
    for (int i = 0; i < 20; i++) {
      open("echo").send("line " + i).awaitText("line " + i).endInput().awaitCompleted();
    }
    slow.request(10);
    TestNode.eventually("it goes on", () -> slow.count() > 10);
    slow.cancel();
    awaitNoneOf("c");
    assertThat(closed(id).getBytesFromSandbox()).isLessThan(MEGABYTE);
    assertThat(closed(id).getCause()).isEqualTo("caller-left");
  }

  private void awaitNoneOf(String container) throws Exception {
    TestNode.eventually("it is recorded", () -> openOf(container) == 0);
  }

  private long openOf(String container) {
    try {
      List<Event> events =
          Recorded.of(node).stream()
              .filter(event -> event.getSubject().getContainerId().equals(container))
              .toList();
      return events.stream()
              .filter(Event::hasPortForwardOpened)
              .filter(event -> event.getPhase() == Phase.OUTCOME && !event.hasFailure())
              .count()
          - events.stream().filter(Event::hasPortForwardClosed).count();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aServerThatReadsNothingStopsTheCaller() throws Exception {
    node.started("c", server("sleep 60"));
    ForwardedClient client = open("c");
    ByteString piece = ByteString.copyFrom(new byte[ForwardedClient.PIECE]);
    int sent = 0;
    while (readyWithin(client, SHORT)) {
      client.send(piece);
      sent++;
      assertThat(sent).isLessThan(1000);
    }
    assertThat(sent * ForwardedClient.PIECE).isLessThan(8 * MEGABYTE);
  }

  private static boolean readyWithin(ForwardedClient client, Duration time) {
    long deadline = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < deadline) {
      if (client.isReady()) {
        return true;
      }
      Thread.onSpinWait();
    }
    return false;
  }

  @Test
  void tellsThatNothingListens() throws Exception {
    node.started("c", node.spec("sleep", "60"));
    refused("c", 81)
        .is(Status.Code.FAILED_PRECONDITION, Reason.PORT_CLOSED)
        .says("port 81", "sandbox c");
  }

  @Test
  void tellsThatTheServerHasResetIt() throws Exception {
    node.started("c", server("dd bs=1 count=1")); // what it does not read is refused at its end
    ForwardedClient client = open("c").send("more than one");
    Problem.of(client.failure()).is(Status.Code.ABORTED, Reason.CONNECTION_BROKEN).says("reset");
    assertThat(closed(client.awaitOpened()).getCause()).isEqualTo("reset");
  }

  /** The kernel would choose the very port for the caller's end, and connect it with itself. */
  @Test
  void nobodyIsConnectedWithHimself() throws Exception {
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    spec.putSysctl("net.ipv4.ip_local_port_range", "5000 5001");
    node.started("c", spec);
    for (int i = 0; i < 4; i++) {
      refused("c", 5000).is(Status.Code.FAILED_PRECONDITION, Reason.PORT_CLOSED);
      refused("c", 5001).is(Status.Code.FAILED_PRECONDITION, Reason.PORT_CLOSED);
    }
  }

  @Test
  void aServerThatDoesNotAcceptIsWaitedForAWhile() throws Exception {
    ContainerSpec.Builder spec =
        node.shell(
            "nc -l -p "
                + PORT
                + " & until netstat -ltn | grep -q :"
                + PORT
                + "; do sleep 0.05; done; kill -STOP $!; echo > /shared/go; sleep 60");
    Path volume = node.share(spec);
    node.started("c", spec);
    TestNode.eventually("it stands still", () -> Files.exists(volume.resolve("go")));
    List<ForwardedClient> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      clients.add(ForwardedClient.to(node, "c", PORT));
    }
    TestNode.eventually("most have waited", () -> ended(clients).size() >= 5);
    for (ForwardedClient one : ended(clients)) {
      Problem.of(one.failure())
          .is(Status.Code.ABORTED, Reason.CONNECTION_BROKEN)
          .says("not accepted within 5 s");
    }
    clients.forEach(ForwardedClient::cancel);
  }

  private static List<ForwardedClient> ended(List<ForwardedClient> clients) {
    return clients.stream().filter(ForwardedClient::hasEnded).toList();
  }

  @Test
  void refusesBadPortsAndNames() {
    node.started("c", node.spec("sleep", "60"));
    for (int port : new int[] {0, 65_536, -1}) {
      refused("c", port).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC).says("port must");
    }
    refused("../c", 80).is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_ID);
    refused("other", 80).is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
    ForwardPort.Builder stranger = ForwardedClient.request("c", 80).setTenant("other");
    Problem.of(ForwardedClient.begin(node, stranger, false).failure())
        .is(Status.Code.NOT_FOUND, Reason.CONTAINER_NOT_FOUND);
  }

  @Test
  void refusesWhatIsOutOfOrder() throws Exception {
    node.started("c", server("cat"));
    PortForwardRequest data =
        PortForwardRequest.newBuilder().setData(ByteString.copyFromUtf8("x")).build();
    Problem.of(ForwardedClient.begin(node, data, false).failure())
        .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    PortForwardRequest first =
        PortForwardRequest.newBuilder().setForward(ForwardedClient.request("c", PORT)).build();
    PortForwardRequest large =
        PortForwardRequest.newBuilder().setData(ByteString.copyFrom(new byte[16_385])).build();
    PortForwardRequest empty = PortForwardRequest.newBuilder().setData(ByteString.EMPTY).build();
    for (PortForwardRequest wrong :
        List.of(first, large, empty, PortForwardRequest.getDefaultInstance())) {
      Problem.of(open("c").send(wrong).failure())
          .is(Status.Code.INVALID_ARGUMENT, Reason.INVALID_SPEC);
    }
    awaitNoneOf("c");
  }

  @Test
  void refusesAContainerThatDoesNotRun() {
    node.create("c", node.spec("sleep", "60"));
    refused("c", PORT).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE).says("forward");
    node.start("c");
    var _ = node.pause("c");
    refused("c", PORT).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE).says("paused");
    node.started("d", node.spec("true"));
    var _ = node.await("d");
    refused("d", PORT).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
  }

  @Test
  void endsWithTheContainerAndTellsSo() throws Exception {
    node.started("c", node.shell("nc -ll -p " + PORT + " -e cat & sleep 60"));
    ForwardedClient client = open("c").send("hello").awaitText("hello");
    node.signal("c", 9);
    Problem.of(client.failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE)
        .says("it has ended");
    node.delete("c");
    assertThat(openOf("c")).isZero();
  }

  @Test
  void whatWasThereWhenTheContainerEndedStillComes() throws Exception {
    // A program of its own: nc itself ends at the caller's end of input, sent or not.
    node.started("c", node.shell("exec nc -l -p " + PORT + " -e head -c 60000 /dev/zero"));
    ForwardedClient client = open("c", true).endInput();
    var _ = node.await("c");
    client.request(1000);
    client.awaitEndOfData();
    assertThat(client.count()).isEqualTo(60_000);
  }

  @Test
  void aDeletionEndsThemBeforeItIsRecorded() throws Exception {
    node.started("before", node.spec("sleep", "60"));
    Traces before = Traces.of(node);
    node.started("c", server("sh -c 'exec cat /dev/zero'"));
    ForwardedClient slow = open("c", true);
    String id = slow.awaitOpened();
    ForwardedClient other = open("c");
    node.delete("c", true);
    slow.request(1000);
    Problem.of(slow.failure()).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    Problem.of(other.failure()).is(Status.Code.FAILED_PRECONDITION, Reason.WRONG_STATE);
    assertThat(closed(id).getCause()).isEqualTo("container-ended");
    List<Event> events = Recorded.of(node);
    assertThat(events.getLast().hasSandboxDeleted()).isTrue();
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).isEqualTo(before));
  }

  @Test
  void isRecorded() throws Exception {
    node.started("c", server("cat"));
    ForwardedClient client = open("c").send("hello").awaitText("hello");
    String id = client.awaitOpened();
    client.endInput().awaitCompleted();
    List<Event> events =
        Recorded.of(node).stream()
            .filter(event ->
                event.getPortForwardOpened().getId().equals(id)
                    || event.getPortForwardClosed().getId().equals(id))
            .toList();
    assertThat(events)
        .extracting(Event::getPhase)
        .containsExactly(Phase.INTENT, Phase.OUTCOME, Phase.OBSERVATION);
    assertThat(events).allMatch(event -> event.getSubject().getContainerId().equals("c"));
    assertThat(events).allMatch(event -> event.getActor().getPrincipal().equals("uid:1000"));
    assertThat(events.getFirst().getPortForwardOpened().getPort()).isEqualTo(PORT);
    assertThat(events.getLast().getPortForwardClosed())
        .isEqualTo(
            PortForwardClosed.newBuilder()
                .setId(id)
                .setPort(PORT)
                .setBytesToSandbox(5)
                .setBytesFromSandbox(5)
                .setCause("finished")
                .build());
  }

  @Test
  void isLimited() throws Exception {
    relaunch("limits.forwards = 3", "limits.forwards-per-sandbox = 2");
    node.started("c", server("cat"));
    node.started("d", server("cat"));
    ForwardedClient first = open("c");
    ForwardedClient second = open("c");
    refused("c", PORT).is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED).says("sandbox");
    ForwardedClient third = open("d");
    refused("d", PORT).is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED).says("node");
    first.endInput().awaitCompleted();
    open("d").endInput().awaitCompleted();
    open("c").cancel();
    TestNode.eventually("there is room", () -> has("c"));
    assertThat(List.of(second, third)).noneMatch(ForwardedClient::hasEnded);
  }

  @Test
  void aTenantIsLimitedBesideOthers() throws Exception {
    relaunch("limits.forwards-per-tenant = 2");
    node.started("c", server("cat"));
    node.started("d", server("cat"));
    ContainerSpec.Builder theirs = server("cat");
    var _ = node.stub().createContainer(node.request("e", theirs).setTenant("other").build());
    var _ =
        node.stub()
            .startContainer(TestNode.startRequest("e").toBuilder().setTenant("other").build());
    List<ForwardedClient> mine = List.of(open("c"), open("d"));
    refused("d", PORT)
        .is(Status.Code.RESOURCE_EXHAUSTED, Reason.LIMIT_REACHED)
        .says("for one tenant");
    ForwardedClient other =
        awaitOpened(() ->
            ForwardedClient.begin(
                node, ForwardedClient.request("e", PORT).setTenant("other"), false));
    assertThat(other.hasEnded()).isFalse();
    mine.getFirst().endInput().awaitCompleted();
    open("d").endInput().awaitCompleted();
  }

  private static ForwardedClient awaitOpened(Supplier<ForwardedClient> begin) {
    while (true) {
      ForwardedClient client = begin.get();
      if (client.isOpened()) {
        return client;
      }
      Problem.of(client.failure()).is(Status.Code.FAILED_PRECONDITION, Reason.PORT_CLOSED);
    }
  }

  private boolean has(String id) {
    ForwardedClient client = ForwardedClient.to(node, id, PORT).endInput();
    TestNode.eventually("it ends", client::hasEnded);
    return client.text().isEmpty() && openOf(id) == 1;
  }

  @Test
  void theHostsNetworkIsTheGuardsToLend() throws Exception {
    relaunch("namespaces.host = true");
    ContainerSpec.Builder spec = node.spec("sleep", "60");
    List<Namespace> own =
        spec.getNamespacesList().stream()
            .filter(one -> one.getType() != Namespace.Type.NETWORK)
            .toList();
    node.started("c", spec.clearNamespaces().addAllNamespaces(own));
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ForwardedClient client = ForwardedClient.to(node, "c", server.getLocalPort());
      assertThat(client.isOpened()).isTrue();
      client.cancel();
      Path guard = node.base().resolve("guard.conf");
      Files.writeString(guard, Files.readString(guard).replace("namespaces.host = true", ""));
      node.restart();
      refused("c", server.getLocalPort())
          .is(Status.Code.PERMISSION_DENIED, Reason.GUARD_REFUSED)
          .says("host's network");
    }
  }

  @Test
  void aKilledExecutorLeavesTheServerRunning() throws Exception {
    node.close();
    node = TestNode.launchApart();
    node.started("c", server("cat"));
    ForwardedClient client = open("c").send("hello").awaitText("hello");
    String id = client.awaitOpened();
    node.replace(true);
    assertThat(Status.fromThrowable(client.failure()).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    open("c").send("again").awaitText("again").endInput().awaitCompleted();
    assertThat(closed(id))
        .isEqualTo(
            PortForwardClosed.newBuilder()
                .setId(id)
                .setPort(PORT)
                .setCause("executor-ended")
                .build());
    node.replace(true);
    open("c").endInput().awaitCompleted();
    assertThat(Recorded.of(node))
        .as("once")
        .filteredOn(event -> event.getPortForwardClosed().getId().equals(id))
        .hasSize(1);
  }

  /** Its caisson-init is killed when the connection is about to be made. */
  @Test
  void tellsThatTheSandboxWasLostMeanwhile() throws Exception {
    AtomicReference<Runnable> once = new AtomicReference<>();
    node.close();
    node = TestNode.launchOn(interrupted(once));
    node.started("c", server("cat"));
    open("c").endInput().awaitCompleted();
    int init = node.sandbox("c").getInitPid();
    once.set(() -> {
      onHost("kill", "-9", Integer.toString(init));
      TestNode.eventually("it ends", () -> !Files.exists(Path.of("/proc/" + init + "/ns/net")));
    });
    refused("c", PORT).is(Status.Code.FAILED_PRECONDITION, Reason.SANDBOX_LOST).says("was lost");
    assertThat(once).hasNullValue();
  }

  private static void onHost(String... command) {
    try {
      OnNode.onHost(command);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The real kernel, where something happens before the next call for a forwarded connection. */
  private static Kernel interrupted(AtomicReference<Runnable> once) {
    Kernel real = Kernel.open();
    Object files =
        Proxy.newProxyInstance(
            PortForwardIT.class.getClassLoader(),
            new Class<?>[] {dev.caisson.linux.Files.class},
            (ignored, method, arguments) -> {
              if (isForForwards()) {
                Optional.ofNullable(once.getAndSet(null)).ifPresent(Runnable::run);
              }
              try {
                return method.invoke(real.files(), arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
    return new Kernel(
        (dev.caisson.linux.Files) files,
        real.mounts(),
        real.processes(),
        real.sockets(),
        real.polling(),
        real.terminals());
  }

  private static boolean isForForwards() {
    return StackWalker.getInstance()
        .walk(frames ->
            frames.anyMatch(frame ->
                frame.getClassName().endsWith(".PortForwards")
                    && frame.getMethodName().equals("connect")));
  }

  @Test
  void leavesNothing() throws Exception {
    node.started("c", server("cat"));
    open("c").send("x").awaitText("x").endInput().awaitCompleted();
    TestNode.eventually("its program has ended", () -> programs() == 0);
    Traces before = Traces.settled(node);
    for (int i = 0; i < 5; i++) {
      open("c").send("x").awaitText("x").endInput().awaitCompleted();
      open("c").send("x").awaitText("x").cancel();
      refused("c", 81).is(Status.Code.FAILED_PRECONDITION, Reason.PORT_CLOSED);
    }
    TestNode.eventually(
        "nothing is left",
        () -> Traces.of(node).equals(before),
        () -> assertThat(Traces.of(node)).isEqualTo(before));
  }

  private long programs() {
    return Traces.of(node).processes().stream().filter(one -> one.endsWith(" cat")).count();
  }
}
