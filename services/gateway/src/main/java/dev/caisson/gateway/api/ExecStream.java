package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.names.ContainerName;
import dev.caisson.gateway.names.Ids;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ExecRequest;
import dev.caisson.proto.executor.v1.ExecResponse;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerRequest.MessageCase;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.Reason;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** ExecContainer's messages as the executor's Exec has them. One for each call. */
final class ExecStream {
  private static final String ORDER = "begin with exec and then carry input";

  private final ContainerLookup lookup;
  private final Caller caller;
  private boolean begun;

  ExecStream(ContainerLookup lookup, Caller caller) {
    this.lookup = lookup;
    this.caller = caller;
  }

  Flux<ExecRequest> requests(Flux<ExecContainerRequest> from) {
    return from.concatMap(this::request, 0)
        .switchIfEmpty(Flux.error(() -> StreamedInput.outOfOrder(ORDER, "it is empty")));
  }

  private Mono<ExecRequest> request(ExecContainerRequest from) {
    boolean first = !begun;
    begun = true;
    MessageCase kind = from.getMessageCase();
    if (kind != (first ? MessageCase.EXEC : MessageCase.INPUT)) {
      throw StreamedInput.outOfOrder(ORDER, kind);
    }
    return first
        ? exec(from.getExec())
        : Mono.just(ExecRequest.newBuilder().setInput(StreamedInput.of(from.getInput())).build());
  }

  private Mono<ExecRequest> exec(Exec from) {
    ContainerName name = ContainerName.parse("exec.name", from.getName());
    if (from.getProcess().getArgsCount() == 0) {
      throw Errors.invalid(
          Reason.INVALID_FIELD, "exec.process.args", "have at least one entry", "[]");
    }
    ExecProcess process =
        ExecProcess.newBuilder()
            .setActor(caller.actor(Ids.requireRequestId(from.getRequestId())))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .setProcess(from.getProcess())
            .addAllAddEnv(from.getAddEnvList())
            .setDetach(from.getDetach())
            .setDonated(from.getDonated())
            .build();
    return lookup.check(name).thenReturn(ExecRequest.newBuilder().setExec(process).build());
  }

  static ExecContainerResponse response(ExecResponse from) {
    ExecContainerResponse.Builder to = ExecContainerResponse.newBuilder();
    return switch (from.getMessageCase()) {
      case STARTED -> to.setStarted(Resources.process(from.getStarted())).build();
      case OUTPUT -> to.setOutput(StreamedInput.output(from.getOutput())).build();
      case EXITED -> to.setExited(from.getExited()).build();
      case MESSAGE_NOT_SET -> to.build();
    };
  }
}
