package dev.caisson.cli;

import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.rpc.Channels;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where the services listen, and in whose name is asked. */
final class Target {
  static final Duration DEADLINE = Duration.ofSeconds(60);

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = "${env:CAISSON_DATA:-/var/lib/caisson}",
      description = "Data directory of the services (default: ${DEFAULT-VALUE}).")
  Path data = Path.of("/var/lib/caisson");

  @Option(
      names = "--tenant",
      paramLabel = "TENANT",
      defaultValue = "${env:CAISSON_TENANT:-default}",
      description =
          "Tenant whose resources are meant; trail and cpu take an empty one for all (default:"
              + " ${DEFAULT-VALUE}).")
  String tenant = "default";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec verb = CommandSpec.create();

  ContainersGrpc.ContainersBlockingStub containers() {
    return waiting().withDeadlineAfter(DEADLINE);
  }

  /** Without a deadline: for what may rightly take as long as a container lives. */
  ContainersGrpc.ContainersBlockingStub waiting() {
    return ContainersGrpc.newBlockingStub(gateway());
  }

  ContainersGrpc.ContainersStub streaming() {
    return ContainersGrpc.newStub(gateway());
  }

  SandboxesGrpc.SandboxesBlockingStub sandboxes() {
    return SandboxesGrpc.newBlockingStub(gateway()).withDeadlineAfter(DEADLINE);
  }

  /** Without end. */
  SandboxesGrpc.SandboxesBlockingStub watch() {
    return SandboxesGrpc.newBlockingStub(gateway());
  }

  EventsGrpc.EventsBlockingStub events() {
    return EventsGrpc.newBlockingStub(gateway());
  }

  AuditGrpc.AuditBlockingStub audit() {
    return AuditGrpc.newBlockingStub(channel("auditor")).withDeadlineAfter(DEADLINE);
  }

  /** Without a deadline. */
  AuditGrpc.AuditBlockingStub watchingAudit() {
    return AuditGrpc.newBlockingStub(channel("auditor"));
  }

  Names names() {
    return new Names(tenant);
  }

  private Channel gateway() {
    return ClientInterceptors.intercept(
        channel("gateway"), new PolicyWarnings(verb.commandLine().getErr()));
  }

  private ManagedChannel channel(String service) {
    Path socket = socket(service);
    if (!Files.exists(socket)) {
      throw new CliException(
          "The " + service + " does not run: there is no " + socket,
          "`caisson up --data " + data + "` starts the services");
    }
    return Channels.unix(socket);
  }

  private Path socket(String service) {
    return data.toAbsolutePath().normalize().resolve("run/" + service + "/" + service + ".sock");
  }
}
