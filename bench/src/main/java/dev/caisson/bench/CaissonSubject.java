package dev.caisson.bench;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.OciBundle;
import dev.caisson.proto.v1.Output;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/** One RunContainer call for each container, over one connection that stays open. */
final class CaissonSubject implements Subject {
  private static final long DEADLINE_SECONDS = 120;

  private final ManagedChannel channel;
  private final ContainersGrpc.ContainersStub containers;
  private final OciBundle bundle;
  private final IntConsumer output;
  private int runs;

  CaissonSubject(Path socket, Path bundle, ByteString config) {
    this(socket, bundle, config, _ -> {});
  }

  /**
   * @param output told of each piece of standard output how many bytes it has
   */
  CaissonSubject(Path socket, Path bundle, ByteString config, IntConsumer output) {
    this.channel = Channels.unixNonBlocking(socket);
    this.containers = ContainersGrpc.newStub(channel);
    this.bundle = OciBundle.newBuilder().setConfigJson(config).setBundle(bundle.toString()).build();
    this.output = output;
  }

  @Override
  public String name() {
    return "caisson";
  }

  @Override
  public void run() throws Exception {
    ExitCode<RunContainerResponse> ending = new ExitCode<>(this::exit);
    StreamObserver<RunContainerRequest> requests =
        containers.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS).runContainer(ending);
    requests.onNext(RunContainerRequest.newBuilder().setCreate(create()).build());
    int code = ending.await();
    requests.onCompleted();
    if (code != 0) {
      throw new IllegalStateException("The container ended with " + code);
    }
  }

  private Optional<ExitStatus> exit(RunContainerResponse message) {
    if (message.getOutput().getStream() == Output.Stream.STDOUT) {
      output.accept(message.getOutput().getData().size());
    }
    return Optional.of(message.getExited()).filter(_ -> message.hasExited());
  }

  private CreateContainerRequest create() {
    runs++;
    return CreateContainerRequest.newBuilder()
        .setParent("tenants/default")
        .setContainerId("bench-" + ProcessHandle.current().pid() + "-" + runs)
        .setContainer(Container.newBuilder().setOci(bundle))
        .setRequestId(UUID.randomUUID().toString())
        .build();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
