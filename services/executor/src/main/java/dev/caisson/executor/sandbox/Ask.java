package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.types.v1.Actor;

/**
 * Who asks for something, and by which request: one that comes again is known by that.
 *
 * @param sha256 of the method and what it was asked; empty where there is no request id, and for
 *     what is merely part of what was asked for
 */
record Ask(String tenant, Actor actor, ByteString sha256) {

  /** For something that is no request of its own. */
  static Ask part(Actor actor) {
    return new Ask("", actor, ByteString.EMPTY);
  }

  private static Ask of(String tenant, Actor actor, Message content) {
    return actor.getRequestId().isEmpty()
        ? part(actor)
        : new Ask(tenant, actor, Digests.ofKind(content));
  }

  /** By its names: what else it says may be secret, and is kept with the sandbox alone. */
  static Ask of(CreateSandboxRequest request) {
    return of(
        request.getTenant(),
        request.getActor(),
        CreateSandboxRequest.newBuilder()
            .setTenant(request.getTenant())
            .setSandboxId(request.getSandboxId())
            .build());
  }

  /** Likewise. */
  static Ask of(CreateContainerRequest request) {
    return of(
        request.getTenant(),
        request.getActor(),
        CreateContainerRequest.newBuilder()
            .setTenant(request.getTenant())
            .setContainerId(request.getContainerId())
            .build());
  }

  /** Likewise. */
  static Ask of(ExecProcess request) {
    return of(
        request.getTenant(),
        request.getActor(),
        ExecProcess.newBuilder()
            .setTenant(request.getTenant())
            .setContainerId(request.getContainerId())
            .build());
  }

  static Ask of(StartContainerRequest request) {
    return of(request.getTenant(), request.getActor(), request.toBuilder().clearActor().build());
  }

  static Ask of(SignalRequest request) {
    return of(request.getTenant(), request.getActor(), request.toBuilder().clearActor().build());
  }

  static Ask of(PauseContainerRequest request) {
    return of(request.getTenant(), request.getActor(), request.toBuilder().clearActor().build());
  }

  static Ask of(ResumeContainerRequest request) {
    return of(request.getTenant(), request.getActor(), request.toBuilder().clearActor().build());
  }

  static Ask of(UpdateContainerRequest request) {
    return of(
        request.getTenant(),
        request.getActor(),
        request.toBuilder().clearActor().clearQuota().build());
  }

  static Ask of(UpdateSandboxRequest request) {
    return of(
        request.getTenant(),
        request.getActor(),
        request.toBuilder().clearActor().clearQuota().build());
  }

  static Ask of(DeleteContainerRequest request) {
    return of(request.getTenant(), request.getActor(), request.toBuilder().clearActor().build());
  }

  static Ask of(DeleteSandboxRequest request) {
    return of(request.getTenant(), request.getActor(), request.toBuilder().clearActor().build());
  }
}
