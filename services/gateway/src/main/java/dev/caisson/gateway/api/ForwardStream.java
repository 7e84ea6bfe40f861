package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.names.ContainerName;
import dev.caisson.proto.v1.EndOfData;
import dev.caisson.proto.v1.ForwardPort;
import dev.caisson.proto.v1.PortForwardRequest;
import dev.caisson.proto.v1.PortForwardRequest.MessageCase;
import dev.caisson.proto.v1.PortForwardResponse;
import dev.caisson.proto.v1.PortOpened;
import dev.caisson.proto.v1.Reason;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** PortForward's messages as the executor has them. One for each call. */
final class ForwardStream {
  /** Of one message, in bytes. */
  static final int MAX_DATA = 16 * 1024;

  static final int MAX_PORT = 65_535;

  private static final String ORDER = "begin with forward and then carry data";

  private final ContainerLookup lookup;
  private final Caller caller;
  private boolean begun;

  ForwardStream(ContainerLookup lookup, Caller caller) {
    this.lookup = lookup;
    this.caller = caller;
  }

  Flux<dev.caisson.proto.executor.v1.PortForwardRequest> requests(Flux<PortForwardRequest> from) {
    return from.concatMap(this::request, 0)
        .switchIfEmpty(Flux.error(() -> StreamedInput.outOfOrder(ORDER, "it is empty")));
  }

  private Mono<dev.caisson.proto.executor.v1.PortForwardRequest> request(PortForwardRequest from) {
    boolean first = !begun;
    begun = true;
    MessageCase kind = from.getMessageCase();
    if (kind != (first ? MessageCase.FORWARD : MessageCase.DATA)) {
      throw StreamedInput.outOfOrder(ORDER, kind);
    }
    return first ? forward(from.getForward()) : Mono.just(data(from));
  }

  private static dev.caisson.proto.executor.v1.PortForwardRequest data(PortForwardRequest from) {
    int size = from.getData().size();
    if (size < 1 || size > MAX_DATA) {
      throw Errors.invalid(
          Reason.INVALID_FIELD, "data", "be from 1 to " + MAX_DATA + " bytes", size);
    }
    return dev.caisson.proto.executor.v1.PortForwardRequest.newBuilder()
        .setData(from.getData())
        .build();
  }

  private Mono<dev.caisson.proto.executor.v1.PortForwardRequest> forward(ForwardPort from) {
    ContainerName name = ContainerName.parse("forward.name", from.getName());
    if (from.getPort() < 1 || from.getPort() > MAX_PORT) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          "forward.port",
          "be from 1 to " + MAX_PORT,
          Integer.toUnsignedString(from.getPort()));
    }
    var forward =
        dev.caisson.proto.executor.v1.ForwardPort.newBuilder()
            .setActor(caller.actor(""))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .setPort(from.getPort());
    return lookup
        .check(name)
        .thenReturn(
            dev.caisson.proto.executor.v1.PortForwardRequest.newBuilder()
                .setForward(forward)
                .build());
  }

  static PortForwardResponse response(dev.caisson.proto.executor.v1.PortForwardResponse from) {
    PortForwardResponse.Builder to = PortForwardResponse.newBuilder();
    return switch (from.getMessageCase()) {
      case OPENED -> to.setOpened(PortOpened.newBuilder().setId(from.getOpened().getId())).build();
      case DATA -> to.setData(from.getData()).build();
      case END_OF_DATA -> to.setEndOfData(EndOfData.getDefaultInstance()).build();
      case MESSAGE_NOT_SET -> to.build();
    };
  }
}
