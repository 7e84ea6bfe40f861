package dev.caisson.bench;

import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.ExecutorGrpc;
import dev.caisson.proto.executor.v1.Output;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.executor.v1.RunResponse;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/** What {@link CaissonSubject} does, asked of the executor as its gateway would ask. */
final class ExecutorSubject implements Subject {
  private static final long DEADLINE_SECONDS = 120;

  private final ManagedChannel channel;
  private final ExecutorGrpc.ExecutorStub executor;
  private final ContainerSpec spec;
  private final IntConsumer output;
  private int runs;

  /**
   * @param spec as the gateway has made it of the same document
   * @param output told of each piece of standard output how many bytes it has
   */
  ExecutorSubject(Path socket, ContainerSpec spec, IntConsumer output) {
    this.channel = Channels.unixNonBlocking(socket);
    this.executor = ExecutorGrpc.newStub(channel);
    this.spec = spec;
    this.output = output;
  }

  @Override
  public String name() {
    return "executor";
  }

  @Override
  public void run() throws Exception {
    ExitCode<RunResponse> ending = new ExitCode<>(this::exit);
    StreamObserver<RunRequest> requests =
        executor.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS).run(ending);
    requests.onNext(RunRequest.newBuilder().setRun(create()).build());
    int code = ending.await();
    requests.onCompleted();
    if (code != 0) {
      throw new IllegalStateException("The container ended with " + code);
    }
  }

  private Optional<ExitStatus> exit(RunResponse message) {
    if (message.getOutput().getStream() == Output.Stream.STDOUT) {
      output.accept(message.getOutput().getData().size());
    }
    return Optional.of(message.getExited()).filter(_ -> message.hasExited());
  }

  private CreateContainerRequest create() {
    runs++;
    return CreateContainerRequest.newBuilder()
        .setActor(
            Actor.newBuilder()
                .setPrincipal("uid:0")
                .setMethod("peer-credentials")
                .setRequestId(UUID.randomUUID().toString()))
        .setTenant(Lives.TENANT)
        .setContainerId("direct-" + ProcessHandle.current().pid() + "-" + runs)
        .setSpec(spec)
        .setStdio(StdioMode.PIPE)
        .build();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
