package dev.caisson.cli;

import dev.caisson.client.Caisson;
import dev.caisson.client.Containers;
import dev.caisson.client.Events;
import dev.caisson.client.Sandboxes;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.SandboxesGrpc;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where the gateway listens, and in whose name is asked. */
final class Target {
  static final Duration DEADLINE = Caisson.DEADLINE;

  /** Those that have been opened. */
  private static final Queue<Caisson> OPEN = new ConcurrentLinkedQueue<>();

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
  private @Nullable Caisson gateway;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec verb = CommandSpec.create();

  ContainersGrpc.ContainersBlockingStub containers() {
    return waiting().withDeadlineAfter(DEADLINE);
  }

  /** Without a deadline: for what may rightly take as long as a container lives. */
  ContainersGrpc.ContainersBlockingStub waiting() {
    return ContainersGrpc.newBlockingStub(gateway().channel());
  }

  ContainersGrpc.ContainersStub streaming() {
    return ContainersGrpc.newStub(gateway().channel());
  }

  SandboxesGrpc.SandboxesBlockingStub sandboxes() {
    return SandboxesGrpc.newBlockingStub(gateway().channel()).withDeadlineAfter(DEADLINE);
  }

  EventsGrpc.EventsBlockingStub events() {
    return EventsGrpc.newBlockingStub(gateway().channel());
  }

  /** What goes on by itself where it was cut off. */
  Events following() {
    return gateway().events();
  }

  /** As {@link #following}. */
  Sandboxes followingSandboxes() {
    return gateway().sandboxes();
  }

  /** As {@link #following}. */
  Containers followingContainers() {
    return gateway().containers();
  }

  AuditGrpc.AuditBlockingStub audit() {
    return AuditGrpc.newBlockingStub(gateway().channel()).withDeadlineAfter(DEADLINE);
  }

  /** Without a deadline. */
  AuditGrpc.AuditBlockingStub waitingAudit() {
    return AuditGrpc.newBlockingStub(gateway().channel());
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
  private synchronized Caisson gateway() {
    if (gateway == null) {
      gateway = opened(remote().map(this::named).orElseGet(this::localGateway));
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

  private Caisson.Builder named(Contexts.Named meant) {
    Caisson.Builder client = meant.context().client();
    StoredToken.lasting(FILES, meant).ifPresent(first -> client.token(new Tokens(meant, first)));
    return client;
  }

  /**
   * What was read first does for the first call; a later one may need another. One call after the
   * other asks: the lock of the files is a process's, and refuses a second thread.
   */
  private static final class Tokens implements Supplier<String> {
    private final Contexts.Named meant;
    private Optional<StoredToken> read;

    Tokens(Contexts.Named meant, StoredToken first) {
      this.meant = meant;
      this.read = Optional.of(first);
    }

    @Override
    public synchronized String get() {
      Optional<StoredToken> first = read;
      read = Optional.empty();
      return first
          .or(() -> StoredToken.lasting(FILES, meant))
          .map(StoredToken::token)
          .orElseThrow(() -> new CliException("The login is gone", "`caisson login` begins anew"));
    }
  }

  private Caisson.Builder localGateway() {
    Path socket = socket();
    if (!Files.exists(socket)) {
      throw new CliException(
          "The gateway does not run: there is no " + socket,
          "`caisson up --data " + data() + "` starts the services");
    }
    return Caisson.builder().socket(socket);
  }

  private Caisson opened(Caisson.Builder client) {
    PrintWriter err = verb.commandLine().getErr();
    Caisson opened =
        built(
            client
                .whenWarned(warning -> tell(err, "warning: policy " + warning))
                .whenCutOff(cut -> tell(err, "caisson: " + cut.getMessage() + "; trying again")));
    OPEN.add(opened);
    return opened;
  }

  /** Refuses in words files that cannot be used. */
  static Caisson built(Caisson.Builder client) {
    try {
      return client.build();
    } catch (UncheckedIOException e) {
      throw new CliException(
          String.valueOf(e.getMessage()), "`caisson context ls` shows the files");
    }
  }

  private static void tell(PrintWriter err, String line) {
    err.println(line);
    err.flush();
  }

  /** A JVM that ends waits 0.3 s for a thread that waits in the kernel, as for a socket. */
  static void leave() {
    OPEN.forEach(Caisson::close);
  }

  private Path data() {
    return Optional.ofNullable(data)
        .or(() -> environment("CAISSON_DATA").map(Path::of))
        .orElse(Path.of(USUAL_DATA));
  }

  private Path socket() {
    return data().toAbsolutePath().normalize().resolve("run/gateway/gateway.sock");
  }
}
