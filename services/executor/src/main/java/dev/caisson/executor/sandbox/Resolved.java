package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import dev.caisson.linux.Fd;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import java.util.Optional;

/**
 * A request to make a container, with what only the host could tell.
 *
 * @param digest of what the caller has sent
 * @param users the user namespace that its sandbox joins
 * @param release what is held for as long as this is needed
 */
record Resolved(
    CreateContainerRequest request, ByteString digest, Optional<Fd> users, Runnable release)
    implements AutoCloseable {

  /** One that says all by itself. */
  static Resolved of(CreateContainerRequest request, ByteString digest) {
    return new Resolved(request, digest, Optional.empty(), () -> {});
  }

  @Override
  public void close() {
    release.run();
    users.ifPresent(Fd::close);
  }
}
