package dev.caisson.client;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.AttachContainerRequest;
import dev.caisson.proto.v1.AttachContainerResponse;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.EndOfData;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.Input;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.LogEntry;
import dev.caisson.proto.v1.Output;
import dev.caisson.proto.v1.PortForwardRequest;
import dev.caisson.proto.v1.PortForwardResponse;
import dev.caisson.proto.v1.PortOpened;
import dev.caisson.proto.v1.Process;
import dev.caisson.proto.v1.ReadLogsRequest;
import dev.caisson.proto.v1.ReadLogsResponse;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.proto.v1.WaitContainerRequest;
import dev.caisson.proto.v1.WaitContainerResponse;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * A gateway whose containers are played. What fails is told beforehand: each call takes one of the
 * failures, as long as there are some.
 */
final class FakeGateway extends ContainersGrpc.ContainersImplBase {
  static final int PAGE = 3;

  /** Bytes of each piece that {@code endless} puts out. */
  static final int PIECE = 16 << 10;

  final Queue<StatusRuntimeException> failures = new ConcurrentLinkedQueue<>();
  final List<CreateContainerRequest> created = new CopyOnWriteArrayList<>();
  final List<ExecContainerRequest> executed = new CopyOnWriteArrayList<>();
  final List<ListContainersRequest> listed = new CopyOnWriteArrayList<>();
  final AtomicInteger attempts = new AtomicInteger();

  /** Pieces that were put out. */
  final AtomicInteger written = new AtomicInteger();

  /** Pieces of input that were taken. */
  final AtomicInteger taken = new AtomicInteger();

  /** A caller has given up. */
  final CompletableFuture<Void> left = new CompletableFuture<>();

  static StatusRuntimeException away() {
    return RpcErrors.of(
        Status.Code.UNAVAILABLE, "caisson.dev", "EXECUTOR_UNAVAILABLE", "Call again", Map.of());
  }

  private boolean failed(StreamObserver<?> answers) {
    attempts.incrementAndGet();
    StatusRuntimeException failure = failures.poll();
    if (failure != null) {
      answers.onError(failure);
    }
    return failure != null;
  }

  private static <T> void reply(StreamObserver<T> answers, T answer) {
    answers.onNext(answer);
    answers.onCompleted();
  }

  static Container container(String name) {
    return Container.newBuilder().setName(name).build();
  }

  @Override
  public void createContainer(CreateContainerRequest request, StreamObserver<Container> answers) {
    created.add(request);
    if (!failed(answers)) {
      reply(answers, container(request.getContainerId()));
    }
  }

  @Override
  public void getContainer(GetContainerRequest request, StreamObserver<Container> answers) {
    if (!failed(answers)) {
      reply(answers, container(request.getName()));
    }
  }

  /** Never, until its caller leaves. */
  @Override
  public void waitContainer(
      WaitContainerRequest request, StreamObserver<WaitContainerResponse> answers) {
    ((ServerCallStreamObserver<?>) answers).setOnCancelHandler(() -> left.complete(null));
  }

  /** Three pages. */
  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> answers) {
    listed.add(request);
    int page = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
    reply(
        answers,
        ListContainersResponse.newBuilder()
            .addAllContainers(
                IntStream.range(page * PAGE, (page + 1) * PAGE)
                    .mapToObj(i -> container("c" + i))
                    .toList())
            .setNextPageToken(page == 2 ? "" : String.valueOf(page + 1))
            .build());
  }

  /** Lines without end, as fast as they are taken. */
  @Override
  public void readLogs(ReadLogsRequest request, StreamObserver<ReadLogsResponse> answers) {
    ServerCallStreamObserver<ReadLogsResponse> call =
        (ServerCallStreamObserver<ReadLogsResponse>) answers;
    call.setOnCancelHandler(() -> left.complete(null));
    call.setOnReadyHandler(() -> {
      while (call.isReady()) {
        written.incrementAndGet();
        call.onNext(
            ReadLogsResponse.newBuilder()
                .setEntry(LogEntry.newBuilder().setData(ByteString.copyFrom(new byte[PIECE])))
                .build());
      }
    });
  }

  /** Answers its input, and ends with 7 when that does. */
  @Override
  public StreamObserver<ExecContainerRequest> execContainer(
      StreamObserver<ExecContainerResponse> answers) {
    ((ServerCallStreamObserver<?>) answers).setOnCancelHandler(() -> left.complete(null));
    return new StreamObserver<>() {
      @Override
      public void onNext(ExecContainerRequest request) {
        if (request.hasExec()) {
          executed.add(request);
          if (!failed(answers)) {
            answers.onNext(
                ExecContainerResponse.newBuilder()
                    .setStarted(Process.newBuilder().setId("p1"))
                    .build());
          }
        } else {
          input(request.getInput());
        }
      }

      private void input(Input input) {
        if (!input.getStdin().isEmpty()) {
          answers.onNext(
              ExecContainerResponse.newBuilder().setOutput(output(input.getStdin())).build());
        }
        if (input.getDetach()) {
          answers.onCompleted();
        }
        if (input.getStdinEof()) {
          answers.onNext(
              ExecContainerResponse.newBuilder()
                  .setExited(ExitStatus.newBuilder().setCode(7))
                  .build());
          answers.onCompleted();
        }
      }

      @Override
      public void onError(Throwable error) {
        left.complete(null);
      }

      @Override
      public void onCompleted() {}
    };
  }

  private static Output output(ByteString data) {
    return Output.newBuilder().setStream(Output.Stream.STDOUT).setData(data).build();
  }

  /** Runs `echo`, as the guide does. */
  @Override
  public StreamObserver<RunContainerRequest> runContainer(
      StreamObserver<RunContainerResponse> answers) {
    return new Requests<>() {
      @Override
      public void onNext(RunContainerRequest request) {
        if (request.hasCreate()) {
          created.add(request.getCreate());
          answers.onNext(RunContainerResponse.newBuilder().setCreated(container("c")).build());
          answers.onNext(RunContainerResponse.newBuilder().setStarted(container("c")).build());
          answers.onNext(
              RunContainerResponse.newBuilder()
                  .setOutput(output(ByteString.copyFromUtf8("hello\n")))
                  .build());
          answers.onNext(
              RunContainerResponse.newBuilder().setExited(ExitStatus.getDefaultInstance()).build());
          answers.onCompleted();
        }
      }
    };
  }

  /** Takes two messages, and then nothing. */
  @Override
  public StreamObserver<AttachContainerRequest> attachContainer(
      StreamObserver<AttachContainerResponse> answers) {
    ServerCallStreamObserver<?> call = (ServerCallStreamObserver<?>) answers;
    call.disableAutoRequest();
    call.setOnCancelHandler(() -> left.complete(null));
    call.request(2);
    return new Requests<>() {
      @Override
      public void onNext(AttachContainerRequest request) {
        taken.incrementAndGet();
      }
    };
  }

  /** Says something and its end; then reads, and ends after its caller, with what it was told. */
  @Override
  public StreamObserver<PortForwardRequest> portForward(
      StreamObserver<PortForwardResponse> answers) {
    return new Requests<>() {
      @Override
      public void onNext(PortForwardRequest request) {
        if (request.hasForward()) {
          answers.onNext(
              PortForwardResponse.newBuilder()
                  .setOpened(PortOpened.newBuilder().setId("f1"))
                  .build());
          answers.onNext(
              PortForwardResponse.newBuilder().setData(ByteString.copyFromUtf8("220")).build());
          answers.onNext(
              PortForwardResponse.newBuilder()
                  .setEndOfData(EndOfData.getDefaultInstance())
                  .build());
        } else {
          taken.incrementAndGet();
        }
      }

      @Override
      public void onCompleted() {
        answers.onCompleted();
      }
    };
  }

  /** Whose end says nothing. */
  private abstract static class Requests<Q> implements StreamObserver<Q> {
    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {}
  }
}
