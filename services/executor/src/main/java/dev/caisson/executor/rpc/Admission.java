package dev.caisson.executor.rpc;

import com.google.protobuf.Message;
import dev.caisson.proto.types.v1.Actor;

/** What every request passes before anything is done for it. */
@FunctionalInterface
public interface Admission {
  /**
   * Checks a request, and records a denial.
   *
   * @param operation as in {@code CreateContainer}
   * @throws dev.caisson.executor.refusal.RefusedException when it is refused
   */
  void admit(String operation, Message request, Actor actor);
}
