package dev.caisson.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class GrpcServerTest {
  private static final String ME = System.getProperty("user.name");

  @TempDir Path directory;
  private Path socket;
  private ManagedChannel channel;

  @BeforeEach
  void openChannel() {
    socket = directory.resolve("test.sock");
    channel = Channels.unix(socket);
  }

  @AfterEach
  void closeChannel() throws InterruptedException {
    channel.shutdownNow();
    assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void answersOverAUnixSocketAndKnowsTheCaller() throws IOException {
    CompletableFuture<Peer> seen = new CompletableFuture<>();
    Echo echo =
        Echo.unary((request, responses) -> {
          seen.complete(Peer.current().orElseThrow());
          responses.onNext(request);
          responses.onCompleted();
        });
    try (GrpcServer server = server(echo).start()) {
      assertThat(Echo.callOne(channel)).isEqualTo(Any.getDefaultInstance());
      assertThat(server.port()).isEqualTo(-1);
    }
    assertThat(seen.join().isUser(ME)).isTrue();
    assertThat(seen.join().isUser("4294967294")).isFalse();
    assertThat(seen.join().uid()).hasValue(myUid());
  }

  @Test
  void refusesAPeerThatThePolicyDoesNotAllow() throws IOException {
    try (GrpcServer server =
        server(failingEcho("unreachable")).peers(PeerPolicy.users(List.of("4294967294"))).start()) {
      assertThat(server.port()).isEqualTo(-1);
      StatusRuntimeException error = callOneFails();
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(RpcErrors.info(error).orElseThrow().getReason()).isEqualTo("PEER_REFUSED");
      assertThat(RpcErrors.info(error).orElseThrow().getDomain()).isEqualTo("test.caisson.dev");
    }
  }

  @Test
  void answersADefectWithInternalAndLeaksNothing() throws IOException {
    try (GrpcServer server = server(failingEcho("the secret")).start()) {
      assertThat(server.port()).isEqualTo(-1);
      StatusRuntimeException error = callOneFails();
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(error.toString()).doesNotContain("secret");
      assertThat(RpcErrors.info(error).orElseThrow().getReason()).isEqualTo("INTERNAL");
    }
  }

  @Test
  void answersADefectThatIsPassedToOnErrorTheSameWay() throws IOException {
    Echo echo =
        Echo.unary(
            (request, responses) -> responses.onError(new IllegalStateException("the secret")));
    try (GrpcServer server = server(echo).start()) {
      assertThat(server.port()).isEqualTo(-1);
      StatusRuntimeException error = callOneFails();
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(error.toString()).doesNotContain("secret");
    }
  }

  @Test
  void answersWithWhatTheMapperMakesOfAnException() throws IOException {
    ErrorMapper mapper =
        error ->
            RpcErrors.of(
                Status.Code.ABORTED,
                "test.caisson.dev",
                "HOOK_FAILED",
                "A hook failed",
                Map.of("hook", String.valueOf(error.getMessage())));
    try (GrpcServer server = server(failingEcho("poststart")).errors(mapper).start()) {
      assertThat(server.port()).isEqualTo(-1);
      StatusRuntimeException error = callOneFails();
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
      assertThat(RpcErrors.info(error).orElseThrow().getMetadataMap())
          .containsExactly(Map.entry("hook", "poststart"));
    }
  }

  @Test
  void setsTheModeOfTheSocketAndLeavesNothingButTheLock() throws IOException {
    try (GrpcServer server = server(failingEcho("")).mode("rw-rw----").start()) {
      assertThat(server.port()).isEqualTo(-1);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-rw----");
      assertThat(names()).containsExactlyInAnyOrder("test.sock", "test.sock.lock");
    }
    assertThat(names()).containsExactly("test.sock.lock");
  }

  @Test
  void leavesNothingBehindWhenItsGroupDoesNotExist() throws IOException {
    GrpcServer.Builder builder = server(failingEcho("")).group("no-such-group-here");
    assertThatThrownBy(builder::start).isInstanceOf(IOException.class);
    assertThat(names()).containsExactly("test.sock.lock");
  }

  @Test
  void refusesASocketThatAnotherServerHolds() throws IOException {
    try (GrpcServer first = server(failingEcho("")).start()) {
      assertThat(first.port()).isEqualTo(-1);
      GrpcServer.Builder second = server(failingEcho(""));
      assertThatThrownBy(second::start).hasMessageContaining("another process serves it");
      assertThat(socket).exists();
    }
  }

  @Test
  void replacesTheSocketOfAKilledServer() throws IOException {
    try (ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stale.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(socket).exists();
    try (GrpcServer server = server(failingEcho("")).start()) {
      assertThat(server.port()).isEqualTo(-1);
      assertThat(health("")).isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void removesWhatAServerLeftThatWasKilledWhileItStarted() throws IOException {
    Path birthplace = Files.createDirectory(socket.resolveSibling("." + socket.getFileName()));
    try (ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stale.bind(UnixDomainSocketAddress.of(birthplace.resolve("s")));
    }
    try (GrpcServer server = server(failingEcho("")).start()) {
      assertThat(server.port()).isEqualTo(-1);
      assertThat(birthplace).doesNotExist();
      assertThat(health("")).isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void doesNotRemoveAFileThatIsNoSocket() throws IOException {
    Files.writeString(socket, "precious");
    assertThatThrownBy(server(failingEcho(""))::start)
        .hasMessageContaining("a file is in its place");
    assertThat(socket).hasContent("precious");
  }

  @Test
  void saysThatAPathIsTooLong() throws IOException {
    Path deep = Files.createDirectories(directory.resolve("d".repeat(100)));
    assertThatThrownBy(GrpcServer.unix(deep.resolve("s"))::start)
        .hasMessageContaining("at most 107 bytes");
  }

  @Test
  void servesHealthAndReflection() throws Exception {
    try (GrpcServer server = server(failingEcho("")).start()) {
      server.health("caisson.test.Echo", false);
      assertThat(health("")).isEqualTo(ServingStatus.SERVING);
      assertThat(health("caisson.test.Echo")).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(reflectedServices()).contains("grpc.health.v1.Health");
    }
  }

  @Test
  void refusesAMessageAboveTheBound() throws IOException {
    byte[] tooMuch = new byte[GrpcServer.MAX_MESSAGE + 1];
    Echo echo =
        Echo.unary((request, responses) -> {
          responses.onNext(Any.newBuilder().setValue(ByteString.copyFrom(tooMuch)).build());
          responses.onCompleted();
        });
    try (GrpcServer server = server(echo).start()) {
      assertThat(server.port()).isEqualTo(-1);
      assertThat(callOneFails().getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }
  }

  @Test
  void closesConnectionsAboveTheBound() throws Exception {
    try (GrpcServer server = server(failingEcho("")).maxConnections(1).start()) {
      assertThat(server.port()).isEqualTo(-1);
      assertThat(health("")).isEqualTo(ServingStatus.SERVING);
      ManagedChannel second = Channels.unix(socket);
      assertThatThrownBy(() -> Echo.callOne(second)).hasMessageContaining("UNAVAILABLE");
      second.shutdownNow();
      assertThat(second.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void finishesRunningCallsWhenItCloses() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CompletableFuture<StreamObserver<Any>> call = new CompletableFuture<>();
    Echo echo =
        Echo.unary((request, responses) -> {
          call.complete(responses);
          running.countDown();
        });
    GrpcServer server = server(echo).start();
    var answer = CompletableFuture.supplyAsync(() -> Echo.callOne(channel));
    running.await();
    var closing = CompletableFuture.runAsync(server::close);
    call.join().onNext(Any.getDefaultInstance());
    call.join().onCompleted();
    assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(Any.getDefaultInstance());
    closing.get(10, TimeUnit.SECONDS);
  }

  @Test
  void endsCallsThatOutlastTheGracePeriodAsUnavailable() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    Echo echo = Echo.unary((request, responses) -> running.countDown());
    GrpcServer server = server(echo).grace(Duration.ofMillis(50)).start();
    var answer = CompletableFuture.supplyAsync(this::callOneFails);
    running.await();
    server.close();
    StatusRuntimeException error = answer.get(10, TimeUnit.SECONDS);
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(RpcErrors.info(error).orElseThrow().getReason()).isEqualTo("NOT_READY");
  }

  @Test
  void reconnectsWithinASecondOfTheServersReturn() throws Exception {
    assertThatThrownBy(() -> health("")).hasMessageContaining("UNAVAILABLE");
    assertThatThrownBy(() -> health("")).hasMessageContaining("UNAVAILABLE");
    assertThat(timeOfAttempts(6))
        .as("gRPC's own pauses are more than 12 s then")
        .isLessThan(Duration.ofSeconds(8));
    try (GrpcServer server = server(failingEcho("")).start()) {
      assertThat(server.port()).isEqualTo(-1);
      var patient =
          HealthGrpc.newBlockingStub(channel)
              .withWaitForReady()
              .withDeadlineAfter(5, TimeUnit.SECONDS);
      assertThat(patient.check(HealthCheckRequest.getDefaultInstance()).getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }

  /** Of one server that hangs up at once. */
  private Duration timeOfAttempts(int count) throws IOException {
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(socket));
      listener.accept().close();
      long began = System.nanoTime();
      for (int i = 1; i < count; i++) {
        listener.accept().close();
      }
      return Duration.ofNanos(System.nanoTime() - began);
    } finally {
      Files.delete(socket);
    }
  }

  @Test
  void callsBackOnTheThreadThatReadsWhereNothingBlocks() throws Exception {
    CompletableFuture<String> thread = new CompletableFuture<>();
    ManagedChannel direct = Channels.unixNonBlocking(socket);
    try (GrpcServer server = server(failingEcho("")).start()) {
      assertThat(server.port()).isEqualTo(-1);
      HealthGrpc.newStub(direct)
          .check(
              HealthCheckRequest.getDefaultInstance(),
              new StreamObserver<>() {
                @Override
                public void onNext(HealthCheckResponse answer) {
                  thread.complete(Thread.currentThread().getName());
                }

                @Override
                public void onError(Throwable error) {
                  thread.completeExceptionally(error);
                }

                @Override
                public void onCompleted() {}
              });
      assertThat(thread.get(5, TimeUnit.SECONDS)).startsWith("grpc-client");
    } finally {
      direct.shutdownNow();
      assertThat(direct.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void servesTheLoopbackAddressOverTcp() throws Exception {
    Echo echo =
        Echo.unary((request, responses) -> {
          assertThat(Peer.current()).isEmpty();
          responses.onNext(request);
          responses.onCompleted();
        });
    try (GrpcServer server = GrpcServer.loopback(0).services(List.of(echo)).start()) {
      ManagedChannel tcp =
          Channels.tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
      assertThat(Echo.callOne(tcp)).isEqualTo(Any.getDefaultInstance());
      tcp.shutdownNow();
      assertThat(tcp.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  private GrpcServer.Builder server(Echo echo) {
    return GrpcServer.unix(socket).domain("test.caisson.dev").services(List.of(echo));
  }

  private static Echo failingEcho(String message) {
    return Echo.unary((request, responses) -> {
      throw new IllegalStateException(message);
    });
  }

  private StatusRuntimeException callOneFails() {
    try {
      throw new AssertionError("an answer came: " + Echo.callOne(channel));
    } catch (StatusRuntimeException expected) {
      return expected;
    }
  }

  private ServingStatus health(String service) {
    return Channels.withDeadline(HealthGrpc.newBlockingStub(channel))
        .check(HealthCheckRequest.newBuilder().setService(service).build())
        .getStatus();
  }

  private List<String> reflectedServices() throws Exception {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse value) {
                    answer.complete(value);
                  }

                  @Override
                  public void onError(Throwable error) {
                    answer.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    requests.onCompleted();
    return answer.get(10, TimeUnit.SECONDS).getListServicesResponse().getServiceList().stream()
        .map(service -> service.getName())
        .toList();
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static int myUid() throws IOException {
    return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }
}
