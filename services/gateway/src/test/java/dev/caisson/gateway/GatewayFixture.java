package dev.caisson.gateway;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.OciBundle;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.PeerPolicy;
import dev.caisson.rpc.RpcErrors;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.micronaut.context.ApplicationContext;
import io.micronaut.runtime.server.EmbeddedServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/**
 * The whole gateway as it is in production, before an executor, a journal and an auditor that are
 * fakes.
 */
final class GatewayFixture implements AutoCloseable {
  final FakeExecutor executor = new FakeExecutor();
  final FakeJournal journal = new FakeJournal();
  final FakeAuditor auditor = new FakeAuditor();
  final ManagedChannel channel;
  final ApplicationContext context;
  private final Path directory;
  private final GrpcServer journalServer;
  private GrpcServer executorServer;
  private GrpcServer auditorServer;

  private GatewayFixture(Path directory, Map<String, Object> settings) throws IOException {
    this.directory = directory;
    this.executorServer = serveExecutor();
    this.auditorServer = serveAuditor(PeerPolicy.anyone());
    this.journalServer = GrpcServer.unix(directory.resolve("j")).services(List.of(journal)).start();
    Map<String, Object> all = new HashMap<>(settings(directory));
    // Any that is free.
    all.put("caisson.gateway.management-port", "-1");
    all.putAll(settings);
    this.context = ApplicationContext.builder().properties(all).build();
    this.channel = Channels.unix(directory.resolve("g"));
    try {
      context.start();
      context.getBean(EmbeddedServer.class).start();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  static GatewayFixture start(Path directory) throws IOException {
    return start(directory, Map.of());
  }

  static GatewayFixture start(Path directory, Map<String, Object> settings) throws IOException {
    return new GatewayFixture(directory, settings);
  }

  static Map<String, Object> settings(Path directory) {
    return Map.of(
        "caisson.gateway.socket", directory.resolve("g").toString(),
        "caisson.gateway.executor-socket", directory.resolve("e").toString(),
        "caisson.gateway.journal-socket", directory.resolve("j").toString(),
        "caisson.gateway.auditor-socket", directory.resolve("audit").toString(),
        "caisson.gateway.drain", "200ms");
  }

  ContainersGrpc.ContainersBlockingStub containers() {
    return ContainersGrpc.newBlockingStub(channel);
  }

  SandboxesGrpc.SandboxesBlockingStub sandboxes() {
    return SandboxesGrpc.newBlockingStub(channel);
  }

  EventsGrpc.EventsBlockingStub events() {
    return EventsGrpc.newBlockingStub(channel);
  }

  AuditGrpc.AuditBlockingStub audit() {
    return AuditGrpc.newBlockingStub(channel);
  }

  void stopAuditor() {
    auditorServer.close();
  }

  void startAuditor(PeerPolicy peers) throws IOException {
    auditorServer = serveAuditor(peers);
  }

  void stopExecutor() {
    executorServer.close();
  }

  void startExecutor() throws IOException {
    executorServer = serveExecutor();
  }

  static CreateContainerRequest container(String parent, String id, String... args) {
    ContainerSpec spec =
        ContainerSpec.newBuilder()
            .setProcess(Process.newBuilder().addAllArgs(List.of(args)))
            .setRoot(RootFilesystem.newBuilder().setPath("/r"))
            .build();
    return CreateContainerRequest.newBuilder()
        .setParent(parent)
        .setContainerId(id)
        .setContainer(Container.newBuilder().setSpec(spec))
        .setRequestId("request-" + id)
        .build();
  }

  static CreateContainerRequest ociContainer(String parent, String id, String json) {
    return CreateContainerRequest.newBuilder()
        .setParent(parent)
        .setContainerId(id)
        .setContainer(
            Container.newBuilder()
                .setOci(
                    OciBundle.newBuilder()
                        .setConfigJson(ByteString.copyFromUtf8(json))
                        .setBundle("/bundle")))
        .build();
  }

  static StatusRuntimeException refused(ThrowingCallable call) {
    return Assertions.catchThrowableOfType(StatusRuntimeException.class, call);
  }

  static ErrorInfo info(StatusRuntimeException error) {
    return RpcErrors.info(error).orElseThrow(() -> new AssertionError("no ErrorInfo", error));
  }

  @Override
  public void close() {
    channel.shutdownNow();
    context.close();
    executorServer.close();
    journalServer.close();
    auditorServer.close();
  }

  private GrpcServer serveAuditor(PeerPolicy peers) throws IOException {
    return GrpcServer.unix(directory.resolve("audit"))
        .domain("audit.caisson.dev")
        .peers(peers)
        .services(List.of(auditor))
        .grace(java.time.Duration.ofMillis(100))
        .start();
  }

  private GrpcServer serveExecutor() throws IOException {
    return GrpcServer.unix(directory.resolve("e"))
        .domain("executor.caisson.dev")
        .services(List.of(executor))
        .grace(java.time.Duration.ofMillis(100))
        .start();
  }
}
