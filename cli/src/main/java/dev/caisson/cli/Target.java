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
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where the services listen, and in whose name is asked. */
final class Target {
  static final Duration DEADLINE = Duration.ofSeconds(60);

  private static final Duration LEAVING = Duration.ofMillis(200);

  /** Those that have been opened. */
  private static final Queue<ManagedChannel> OPEN = new ConcurrentLinkedQueue<>();

  private static final UserFiles FILES = UserFiles.of(System.getenv());

  private static final String USUAL_DATA = "/var/lib/caisson";
  private static final String USUAL_TENANT = "default";

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Data directory of the services of this machine (default: CAISSON_DATA, or "
              + USUAL_DATA
              + ").")
  private @Nullable Path data;

  @Option(
      names = "--context",
      paramLabel = "NAME",
      description =
          "Which gateway is asked (default: CAISSON_CONTEXT, or what `context use` has said); local: that"
              + " of this machine.")
  private @Nullable String context;

  @Option(
      names = "--tenant",
      paramLabel = "TENANT",
      description =
          "Tenant whose resources are meant; trail and cpu take an empty one for all (default:"
              + " CAISSON_TENANT, the context's, or "
              + USUAL_TENANT
              + ").")
  private @Nullable String tenant;

  private boolean decided;
  private Optional<Contexts.Named> remote = Optional.empty();
  private @Nullable Channel gateway;

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
    return AuditGrpc.newBlockingStub(auditor()).withDeadlineAfter(DEADLINE);
  }

  /** Without a deadline. */
  AuditGrpc.AuditBlockingStub watchingAudit() {
    return AuditGrpc.newBlockingStub(auditor());
  }

  Names names() {
    return new Names(tenant());
  }

  String tenant() {
    return Optional.ofNullable(tenant)
        .or(() -> environment("CAISSON_TENANT"))
        .or(() -> remote().map(Contexts.Named::context).map(Context::tenant))
        .orElse(USUAL_TENANT);
  }

  private static Optional<String> environment(String name) {
    return Optional.ofNullable(System.getenv(name));
  }

  /** One for the whole of a command, whatever becomes of the contexts meanwhile. */
  private synchronized Channel gateway() {
    if (gateway == null) {
      gateway =
          ClientInterceptors.intercept(
              remote().map(this::channel).orElseGet(() -> channel("gateway")),
              new PolicyWarnings(verb.commandLine().getErr()));
    }
    return gateway;
  }

  /** Empty: this machine is meant. Decided once. */
  private synchronized Optional<Contexts.Named> remote() {
    if (!decided) {
      remote = meant();
      decided = true;
    }
    return remote;
  }

  private Optional<Contexts.Named> meant() {
    if (data != null && context != null) {
      throw CliException.usage("--data and --context must not come together: each says where");
    }
    if (data != null) {
      return Optional.empty();
    }
    Optional<String> named =
        Optional.ofNullable(context)
            .or(() -> environment("CAISSON_CONTEXT").filter(name -> !name.isEmpty()));
    return named.filter(Contexts.LOCAL::equals).isPresent()
        ? Optional.empty()
        : Contexts.read(FILES).meant(named);
  }

  private Channel channel(Contexts.Named meant) {
    ManagedChannel channel = opened(meant.context().channel());
    return StoredToken.lasting(FILES, meant)
        .<Channel>map(
            token -> ClientInterceptors.intercept(channel, new BearerToken(token.token())))
        .orElse(channel);
  }

  private ManagedChannel channel(String service) {
    Path socket = socket(service);
    if (!Files.exists(socket)) {
      throw new CliException(
          "The " + service + " does not run: there is no " + socket,
          "`caisson up --data " + data() + "` starts the services");
    }
    return opened(Channels.unix(socket));
  }

  private static ManagedChannel opened(ManagedChannel channel) {
    OPEN.add(channel);
    return channel;
  }

  /** A JVM that ends waits 0.3 s for a thread that waits in the kernel, as for a socket. */
  static void leave() {
    try {
      for (ManagedChannel channel : OPEN) {
        var _ = channel.shutdownNow().awaitTermination(LEAVING.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ManagedChannel auditor() {
    remote()
        .ifPresent(meant -> {
          throw new CliException(
              "The auditor answers on its own machine alone, and not through " + meant.name(),
              "--context local asks that of this machine");
        });
    return channel("auditor");
  }

  private Path data() {
    return Optional.ofNullable(data)
        .or(() -> environment("CAISSON_DATA").map(Path::of))
        .orElse(Path.of(USUAL_DATA));
  }

  private Path socket(String service) {
    return data().toAbsolutePath().normalize().resolve("run/" + service + "/" + service + ".sock");
  }
}
