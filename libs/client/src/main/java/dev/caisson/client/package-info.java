/**
 * Caisson's client: one connection to a gateway, its methods as Reactor's publishers.
 *
 * <p>{@link dev.caisson.client.Caisson} is where to begin. Nothing is sent before somebody
 * subscribes and asks for an answer, each subscription is a call of its own, and cancelling it
 * cancels the call. Publishers that are handed in must not block. A call belongs to the {@code
 * io.grpc.Context} of the one who subscribes. What a call puts out is read from the connection no
 * faster than its subscriber asks. Failures are {@link dev.caisson.client.CaissonException}.
 * Everything here may be used by several threads at once; signals come on threads of gRPC, which
 * may be blocked for a while.
 */
@NullMarked
package dev.caisson.client;

import org.jspecify.annotations.NullMarked;
