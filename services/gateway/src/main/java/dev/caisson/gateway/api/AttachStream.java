package dev.caisson.gateway.api;

import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.names.ContainerName;
import dev.caisson.proto.executor.v1.AttachContainer;
import dev.caisson.proto.executor.v1.AttachRequest;
import dev.caisson.proto.executor.v1.AttachResponse;
import dev.caisson.proto.v1.AttachContainerRequest;
import dev.caisson.proto.v1.AttachContainerRequest.MessageCase;
import dev.caisson.proto.v1.AttachContainerResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** AttachContainer's messages as the executor's Attach has them. One for each call. */
final class AttachStream {
  private static final String ORDER = "begin with attach and then carry input";

  private final ContainerLookup lookup;
  private final Caller caller;
  private boolean begun;

  AttachStream(ContainerLookup lookup, Caller caller) {
    this.lookup = lookup;
    this.caller = caller;
  }

  Flux<AttachRequest> requests(Flux<AttachContainerRequest> from) {
    return from.concatMap(this::request, 0)
        .switchIfEmpty(Flux.error(() -> StreamedInput.outOfOrder(ORDER, "it is empty")));
  }

  private Mono<AttachRequest> request(AttachContainerRequest from) {
    boolean first = !begun;
    begun = true;
    MessageCase kind = from.getMessageCase();
    if (kind != (first ? MessageCase.ATTACH : MessageCase.INPUT)) {
      throw StreamedInput.outOfOrder(ORDER, kind);
    }
    return first
        ? attach(from.getAttach(), from.getProcessId())
        : Mono.just(AttachRequest.newBuilder().setInput(StreamedInput.of(from.getInput())).build());
  }

  private Mono<AttachRequest> attach(String text, String process) {
    ContainerName name = ContainerName.parse("attach", text);
    AttachContainer attach =
        AttachContainer.newBuilder()
            .setActor(caller.actor(""))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .setProcessId(process)
            .build();
    return lookup.check(name).thenReturn(AttachRequest.newBuilder().setAttach(attach).build());
  }

  static AttachContainerResponse response(AttachResponse from) {
    AttachContainerResponse.Builder to = AttachContainerResponse.newBuilder();
    return switch (from.getMessageCase()) {
      case OUTPUT -> to.setOutput(StreamedInput.output(from.getOutput())).build();
      case EXITED -> to.setExited(from.getExited()).build();
      case MESSAGE_NOT_SET -> to.build();
    };
  }
}
