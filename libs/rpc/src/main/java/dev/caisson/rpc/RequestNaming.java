package dev.caisson.rpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Names each call, and tells its caller the name. */
final class RequestNaming implements ServerInterceptor {
  // Of a random UUID: RFC 9562, 5.4.
  private static final long VERSION_BITS = 0xF000L;
  private static final long VERSION = 0x4000L;
  private static final long VARIANT = 1L << 63;

  private final Supplier<String> ids;

  /**
   * Before all others.
   *
   * @param ids for calls that bring none
   */
  RequestNaming(Supplier<String> ids) {
    this.ids = ids;
  }

  /** With names that no two calls share by chance, which need not be hard to guess. */
  static RequestNaming random() {
    return new RequestNaming(() -> uuid(ThreadLocalRandom.current()).toString());
  }

  private static UUID uuid(RandomGenerator random) {
    return new UUID(
        (random.nextLong() & ~VERSION_BITS) | VERSION, (random.nextLong() >>> 2) | VARIANT);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    ServedRequest request = new ServedRequest(id(headers), TraceParent.of(headers));
    return Contexts.interceptCall(
        Context.current().withValue(ServedRequest.KEY, request),
        new NamedCall<>(call, request.id()),
        headers,
        next);
  }

  private String id(Metadata headers) {
    @Nullable String given = headers.get(ServedRequest.ID);
    return given != null && ServedRequest.isId(given) ? given : ids.get();
  }

  private static final class NamedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final String id;
    private volatile boolean told;

    NamedCall(ServerCall<Q, A> call, String id) {
      super(call);
      this.id = id;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      told = true;
      super.sendHeaders(named(headers));
    }

    @Override
    public void close(Status status, Metadata trailers) {
      super.close(status, told ? trailers : named(trailers));
    }

    /** A copy: several calls may be closed with the same trailers. */
    private Metadata named(Metadata given) {
      Metadata named = new Metadata();
      named.merge(given);
      named.discardAll(ServedRequest.ID);
      named.put(ServedRequest.ID, id);
      return named;
    }
  }
}
