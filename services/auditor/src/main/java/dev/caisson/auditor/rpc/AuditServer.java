package dev.caisson.auditor.rpc;

import dev.caisson.auditor.cpu.CpuHistory;
import dev.caisson.auditor.cpu.CpuTable;
import dev.caisson.auditor.trail.TrailSearch;
import dev.caisson.auditor.trail.TrailVerifier;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.PeerPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Serves the API on a Unix socket, for the gateway and root: it knows no tenants' rights, which are
 * the gateway's to hold. Who starts it closes it.
 */
public final class AuditServer implements AutoCloseable {

  private final GrpcServer server;

  private AuditServer(GrpcServer server) {
    this.server = server;
  }

  /**
   * Starts to serve.
   *
   * @param mode the permissions of the socket, as in {@code rw-rw----}
   * @param users numbers or names of those who may call
   */
  public static AuditServer start(
      Path socket,
      String mode,
      List<String> users,
      TrailSearch search,
      TrailVerifier verifier,
      CpuTable figures,
      CpuHistory history,
      MeterRegistry registry)
      throws IOException {
    return new AuditServer(
        GrpcServer.unix(socket)
            .mode(mode)
            .peers(PeerPolicy.users(users))
            .domain(AuditErrors.DOMAIN)
            .errors(new AuditErrors())
            .services(List.of(new AuditService(search, verifier, figures, history, registry)))
            .start());
  }

  @Override
  public void close() {
    server.close();
  }
}
