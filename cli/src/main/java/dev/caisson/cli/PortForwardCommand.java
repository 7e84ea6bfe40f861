package dev.caisson.cli;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.WaitContainerRequest;
import dev.caisson.proto.v1.WaitContainerResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "port-forward",
    description = {
      "Listens at ports here, and forwards each connection to one of a container's sandbox, at its"
          + " 127.0.0.1 or else its ::1.",
      "Ends with 0 by INT or TERM, and with an error when the container has ended."
    })
final class PortForwardCommand implements Callable<Integer> {
  private static final int BACKLOG = 128;

  @Mixin private Target target = new Target();
  @Mixin private Output output = new Output();

  @Option(
      names = "--address",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Where to listen (default: ${DEFAULT-VALUE}); others reach 0.0.0.0 too.")
  private String address = "127.0.0.1";

  @Option(
      names = "--stdio",
      description = "Listen nowhere: one connection to REMOTE, over standard input and output.")
  private boolean stdio;

  @Parameters(
      index = "0",
      paramLabel = "ID",
      description = "The container: its id, or the beginning of it.")
  private String id = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "[LOCAL:]REMOTE",
      description = {
        "Ports: 8080:80 listens at 8080 and forwards to 80; 80 is 80:80; :80 listens at one that is"
            + " free."
      })
  private List<String> ports = new ArrayList<>();

  private final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();

  @Override
  public Integer call() throws IOException {
    List<ForwardedPort> pairs = ports.stream().map(ForwardedPort::parse).toList();
    if (stdio && (pairs.size() != 1 || ports.getFirst().contains(":"))) {
      throw CliException.usage("--stdio takes one REMOTE port, without a LOCAL one");
    }
    String name = Lookup.container(target, id);
    requireRunning(name);
    for (String signal : List.of("INT", "TERM")) {
      SignalForwarding.handle(signal, () -> end.complete(null));
    }
    if (stdio) {
      Thread.ofPlatform().daemon().start(() -> overStdio(name, pairs.getFirst().remote()));
    } else {
      endWith(name);
      listen(name, pairs);
    }
    return await();
  }

  private void requireRunning(String name) {
    Container container =
        target.containers().getContainer(GetContainerRequest.newBuilder().setName(name).build());
    if (container.getState() != ContainerState.RUNNING) {
      throw new CliException(
          "Container "
              + Names.id(name)
              + " does not run: it is "
              + container.getState().name().toLowerCase(Locale.ROOT));
    }
  }

  private int await() {
    try {
      end.join();
      return Exit.OK;
    } catch (CompletionException failed) {
      throw failed.getCause() instanceof RuntimeException cause ? cause : failed;
    }
  }

  private void overStdio(String name, int port) {
    try {
      ForwardedCall.Ends ends =
          ForwardedCall.Ends.of(System.in, new FileOutputStream(FileDescriptor.out));
      new ForwardedCall(ends).run(target, name, port);
      end.complete(null);
    } catch (RuntimeException failed) {
      end.completeExceptionally(failed);
    }
  }

  private void endWith(String name) {
    target
        .streaming()
        .waitContainer(
            WaitContainerRequest.newBuilder().setName(name).build(),
            new StreamObserver<>() {
              @Override
              public void onNext(WaitContainerResponse ended) {
                end.completeExceptionally(hasEnded(name, ended.getStatus()));
              }

              @Override
              public void onError(Throwable failure) {
                end.completeExceptionally(failure);
              }

              @Override
              public void onCompleted() {}
            });
  }

  private static CliException hasEnded(String name, ExitStatus status) {
    return new CliException(
        "Container "
            + Names.id(name)
            + " has ended, with "
            + Exit.of(status)
            + ": nothing is forwarded any more");
  }

  private void listen(String name, List<ForwardedPort> pairs) throws IOException {
    List<ServerSocket> servers = new ArrayList<>();
    for (ForwardedPort pair : pairs) {
      servers.add(server(pair.local())); // all of them, or none: the end of the process closes them
    }
    for (int i = 0; i < servers.size(); i++) {
      ServerSocket server = servers.get(i);
      int remote = pairs.get(i).remote();
      output.out().println("Forwarding from " + shown(server) + " -> " + remote);
      Thread.ofPlatform().daemon().start(() -> accept(server, name, remote));
    }
    output.out().flush();
  }

  private ServerSocket server(int port) throws IOException {
    ServerSocket server = new ServerSocket();
    try {
      server.setReuseAddress(true);
      server.bind(new InetSocketAddress(host(), port), BACKLOG);
      return server;
    } catch (IOException e) {
      server.close();
      throw new CliException(
          "Cannot listen at " + address + ", port " + port + ": " + e.getMessage());
    }
  }

  private InetAddress host() {
    try {
      return InetAddress.getAllByName(address)[0];
    } catch (UnknownHostException e) {
      throw CliException.usage("--address must be an address of this host: " + address);
    }
  }

  private static String shown(ServerSocket server) {
    String host = server.getInetAddress().getHostAddress();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + server.getLocalPort();
  }

  private void accept(ServerSocket server, String name, int remote) {
    try {
      while (true) {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> forward(socket, name, remote));
      }
    } catch (IOException e) {
      end.completeExceptionally(
          new CliException("Cannot accept at " + shown(server) + ": " + e.getMessage()));
    }
  }

  /** One that fails is told of, and does not keep the others. */
  private void forward(Socket socket, String name, int remote) {
    try (socket) {
      socket.setTcpNoDelay(true);
      new ForwardedCall(ForwardedCall.Ends.of(socket)).run(target, name, remote);
    } catch (StatusRuntimeException failed) {
      ErrorReport.print(ErrorReport.problem(failed), output.err(), output.isForPrograms());
    } catch (IOException gone) {
      // Whoever was there has gone.
    }
  }
}
