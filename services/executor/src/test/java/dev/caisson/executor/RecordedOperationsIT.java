package dev.caisson.executor;

import static dev.caisson.proto.events.v1.Event.PayloadCase.ATTACH_OPENED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.CGROUP_CONFIGURED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.CONTAINER_CREATED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.CONTAINER_DELETED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.CONTAINER_PAUSED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.CONTAINER_RESUMED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.CONTAINER_STARTED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.EXEC_STARTED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.NAMESPACE_ENTERED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.PORT_FORWARD_OPENED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.RESOURCES_UPDATED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.SANDBOX_CREATED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.SANDBOX_DELETED;
import static dev.caisson.proto.events.v1.Event.PayloadCase.SIGNAL_SENT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.executor.v1.ExecutorGrpc;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.GetSandboxStatisticsRequest;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.PlanRequest;
import dev.caisson.proto.executor.v1.ReadLogsRequest;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Resources;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Each method of the executor's API either changes nothing, and leaves nothing in the record, or
 * has the intent and the outcome there of all that it does. The methods are those of the service's
 * descriptor: a new one must be put here.
 */
class RecordedOperationsIT {
  private TestNode node;

  private interface Call {
    void make(TestNode node) throws Exception;
  }

  /** A call, and which operations it is recorded as. */
  private record Operation(Set<PayloadCase> recorded, Call call) {}

  private static Operation recorded(Call call, PayloadCase... payloads) {
    return new Operation(Set.of(payloads), call);
  }

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

  /** In this order. */
  private static Map<String, Operation> operations() {
    Map<String, Operation> all = new LinkedHashMap<>();
    all.put(
        "CreateSandbox",
        recorded(
            node ->
                node.stub()
                    .createSandbox(TestNode.sandboxRequest("box").setResources(pids(500)).build()),
            SANDBOX_CREATED,
            CGROUP_CONFIGURED));
    all.put(
        "CreateContainer",
        recorded(RecordedOperationsIT::create, CONTAINER_CREATED, CGROUP_CONFIGURED));
    all.put("StartContainer", recorded(node -> node.start("c"), CONTAINER_STARTED));
    all.put(
        "Exec", recorded(node -> node.exec("c", "true").ended(), EXEC_STARTED, NAMESPACE_ENTERED));
    all.put(
        "Attach",
        recorded(node -> node.attach("c").input("hello\n").awaitOutput("hello"), ATTACH_OPENED));
    all.put(
        "PortForward", // which nobody listens to
        recorded(
            node -> ForwardedClient.to(node, "c", 9).failure(),
            PORT_FORWARD_OPENED,
            NAMESPACE_ENTERED));
    all.put("PauseContainer", recorded(node -> node.pause("c"), CONTAINER_PAUSED));
    all.put("ResumeContainer", recorded(node -> node.resume("c"), CONTAINER_RESUMED));
    all.put("UpdateContainer", recorded(node -> node.update("c", pids(60)), RESOURCES_UPDATED));
    all.put(
        "UpdateSandbox", recorded(node -> node.updateSandbox("box", pids(600)), RESOURCES_UPDATED));
    all.put("Signal", recorded(node -> node.signal("c", 9), SIGNAL_SENT));
    all.put(
        "DeleteContainer",
        recorded(
            node -> {
              var _ = node.await("c");
              node.delete("c");
            },
            CONTAINER_DELETED));
    all.put("DeleteSandbox", recorded(node -> node.deleteSandbox("box", true), SANDBOX_DELETED));
    all.put(
        "Run",
        recorded(
            node -> node.run(node.spec("true")),
            SANDBOX_CREATED,
            CONTAINER_CREATED,
            CONTAINER_STARTED,
            SANDBOX_DELETED,
            CONTAINER_DELETED));
    return all;
  }

  private static void create(TestNode node) {
    ContainerSpec.Builder spec = node.spec("cat").setResources(pids(50));
    var _ =
        node.stub()
            .createContainer(
                node.request("c", spec).setSandboxId("box").setStdio(StdioMode.PIPE).build());
  }

  private static Resources pids(long limit) {
    return Resources.newBuilder().setPids(Resources.Pids.newBuilder().setLimit(limit)).build();
  }

  private static Map<String, Call> reads() {
    return Map.ofEntries(
        Map.entry("GetNode", node -> node.stub().getNode(GetNodeRequest.getDefaultInstance())),
        Map.entry("GetSandbox", node -> node.sandbox("box")),
        Map.entry(
            "ListSandboxes",
            node -> node.stub().listSandboxes(ListSandboxesRequest.getDefaultInstance())),
        Map.entry("GetContainer", node -> node.get("c")),
        Map.entry(
            "ListContainers",
            node -> node.stub().listContainers(ListContainersRequest.getDefaultInstance())),
        Map.entry("Wait", node -> node.await("c")),
        Map.entry(
            "ListProcesses",
            node ->
                node.stub()
                    .listProcesses(
                        ListProcessesRequest.newBuilder()
                            .setTenant(TestNode.TENANT)
                            .setContainerId("c")
                            .build())),
        Map.entry(
            "GetContainerStatistics",
            node ->
                node.stub()
                    .getContainerStatistics(
                        GetContainerStatisticsRequest.newBuilder()
                            .setTenant(TestNode.TENANT)
                            .setContainerId("c")
                            .build())),
        Map.entry(
            "GetSandboxStatistics",
            node ->
                node.stub()
                    .getSandboxStatistics(
                        GetSandboxStatisticsRequest.newBuilder()
                            .setTenant(TestNode.TENANT)
                            .setSandboxId("box")
                            .build())),
        Map.entry("ReadLogs", RecordedOperationsIT::readLogs),
        Map.entry(
            "Plan",
            node ->
                node.stub()
                    .plan(
                        PlanRequest.newBuilder()
                            .setCreate(node.request("p", node.spec("true")))
                            .build())));
  }

  /** Of a container that has none. */
  private static void readLogs(TestNode node) {
    try {
      node.stub()
          .readLogs(
              ReadLogsRequest.newBuilder().setTenant(TestNode.TENANT).setContainerId("c").build())
          .forEachRemaining(entry -> {});
    } catch (StatusRuntimeException refused) {
      assertThat(refused).hasMessageContaining("has no logs");
    }
  }

  private static Set<String> methods() {
    return ExecutorGrpc.getServiceDescriptor().getMethods().stream()
        .map(MethodDescriptor::getBareMethodName)
        .collect(Collectors.toUnmodifiableSet());
  }

  @Test
  void everyMethodIsEitherRecordedOrChangesNothing() {
    List<String> known =
        Stream.concat(operations().keySet().stream(), reads().keySet().stream()).toList();
    assertThat(known).containsExactlyInAnyOrderElementsOf(methods());
  }

  @Test
  void everythingThatACallDoesHasItsIntentAndItsOutcome() throws Exception {
    for (Map.Entry<String, Operation> one : operations().entrySet()) {
      int before = Recorded.of(node).size();
      one.getValue().call().make(node);
      List<Event> events = awaitSettled(before);
      assertThat(payloads(events, Phase.INTENT))
          .as("intents of %s", one.getKey())
          .isEqualTo(one.getValue().recorded());
      assertThat(payloads(events, Phase.OUTCOME)).isEqualTo(one.getValue().recorded());
      assertThat(events)
          .filteredOn(event -> event.getPhase() == Phase.INTENT)
          .as("intents of %s", one.getKey())
          .allMatch(event -> event.getActor().getPrincipal().equals("uid:1000"))
          .allMatch(event -> !event.getSubject().getSandboxUid().isEmpty());
    }
  }

  /** What came after so many, once no intent of it is open. */
  private List<Event> awaitSettled(int before) throws Exception {
    List<Event> events = new ArrayList<>();
    long open = 1;
    while (open != 0) {
      events = Recorded.of(node).stream().skip(before).toList();
      long intents = events.stream().filter(one -> one.getPhase() == Phase.INTENT).count();
      open = intents - events.stream().filter(one -> one.getPhase() == Phase.OUTCOME).count();
      open = intents == 0 ? 1 : open;
    }
    return events;
  }

  private static Set<PayloadCase> payloads(List<Event> events, Phase phase) {
    return events.stream()
        .filter(event -> event.getPhase() == phase)
        .map(Event::getPayloadCase)
        .collect(Collectors.toUnmodifiableSet());
  }

  @Test
  void whatChangesNothingLeavesNothing() throws Exception {
    var _ = node.createSandbox("box");
    create(node);
    node.start("c");
    node.signal("c", 9);
    var _ = node.await("c");
    List<Event> before = operationsOf(Recorded.of(node));
    for (Call read : reads().values()) {
      read.make(node);
    }
    assertThat(operationsOf(Recorded.of(node))).isEqualTo(before);
  }

  private static List<Event> operationsOf(List<Event> events) {
    return events.stream()
        .filter(event -> event.getPhase() != Phase.OBSERVATION || event.hasRequestDenied())
        .toList();
  }
}
