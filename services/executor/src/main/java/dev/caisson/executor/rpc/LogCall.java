package dev.caisson.executor.rpc;

import com.google.protobuf.Timestamp;
import dev.caisson.executor.log.LogEntry;
import dev.caisson.executor.log.LogReader;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.executor.v1.Output;
import dev.caisson.proto.executor.v1.ReadLogsRequest;
import dev.caisson.proto.executor.v1.ReadLogsResponse;
import dev.caisson.proto.executor.v1.Reason;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;

/** Answers a call with what its caller reads of a log, while he takes it. */
record LogCall(ServerCallStreamObserver<ReadLogsResponse> caller, String containerId)
    implements LogReader.Client {

  static LogReader.Selection selection(ReadLogsRequest request) {
    return new LogReader.Selection(request.getFollow(), tail(request), instant(request.getSince()));
  }

  /** Beyond what a long can count there is no log. */
  private static OptionalLong tail(ReadLogsRequest request) {
    if (!request.hasTailLines()) {
      return OptionalLong.empty();
    }
    long lines = request.getTailLines();
    return OptionalLong.of(lines < 0 ? Long.MAX_VALUE : lines);
  }

  private static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  private static Timestamp timestamp(Instant time) {
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }

  @Override
  public boolean isReady() {
    return caller.isReady() && !caller.isCancelled();
  }

  @Override
  public void entry(LogEntry entry) {
    Output.Stream stream =
        switch (entry.stream()) {
          case STDOUT -> Output.Stream.STDOUT;
          case STDERR -> Output.Stream.STDERR;
        };
    var answer =
        dev.caisson.proto.executor.v1.LogEntry.newBuilder()
            .setTime(timestamp(entry.time()))
            .setStream(stream)
            .setData(entry.data())
            .setPartial(entry.partial())
            .setNotice(entry.isNotice());
    caller.onNext(ReadLogsResponse.newBuilder().setEntry(answer).build());
  }

  @Override
  public void completed() {
    caller.onCompleted();
  }

  @Override
  public void removed() {
    failed(
        new Refusal(
                Reason.CONTAINER_NOT_FOUND,
                "Container " + containerId + " was deleted before all of its log was read.",
                Map.of("container", containerId))
            .exception());
  }

  @Override
  public void failed(RuntimeException problem) {
    caller.onError(ErrorMapping.status(problem));
  }
}
