package dev.caisson.gateway.api;

import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.executor.v1.RunResponse;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerRequest.MessageCase;
import dev.caisson.proto.v1.RunContainerResponse;
import reactor.core.publisher.Flux;

/** RunContainer's messages as the executor's Run has them. One for each call. */
final class RunStream {
  private static final String ORDER = "begin with create and then carry input";

  private boolean begun;
  private volatile CreateContainerRequest create = CreateContainerRequest.getDefaultInstance();

  Flux<RunRequest> requests(Flux<RunContainerRequest> from) {
    return from.map(this::request)
        .switchIfEmpty(Flux.error(() -> StreamedInput.outOfOrder(ORDER, "it is empty")));
  }

  private RunRequest request(RunContainerRequest from) {
    boolean first = !begun;
    begun = true;
    MessageCase kind = from.getMessageCase();
    if (kind != (first ? MessageCase.CREATE : MessageCase.INPUT)) {
      throw StreamedInput.outOfOrder(ORDER, kind);
    }
    if (first) {
      create = from.getCreate();
    }
    return first
        ? RunRequest.newBuilder().setRun(Creation.of(from.getCreate(), StdioMode.PIPE)).build()
        : RunRequest.newBuilder().setInput(StreamedInput.of(from.getInput())).build();
  }

  /** A failure in the words of whoever asked. */
  Throwable inItsWords(Throwable error) {
    return Creation.inItsWords(create, error);
  }

  static RunContainerResponse response(RunResponse from) {
    RunContainerResponse.Builder to = RunContainerResponse.newBuilder();
    return switch (from.getMessageCase()) {
      case CREATED -> to.setCreated(Resources.container(from.getCreated())).build();
      case STARTED -> to.setStarted(Resources.container(from.getStarted())).build();
      case OUTPUT -> to.setOutput(StreamedInput.output(from.getOutput())).build();
      case EXITED -> to.setExited(from.getExited()).build();
      case MESSAGE_NOT_SET -> to.build();
    };
  }
}
