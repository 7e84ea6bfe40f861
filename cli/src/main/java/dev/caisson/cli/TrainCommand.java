package dev.caisson.cli;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchEventsResponse;
import dev.caisson.rpc.GrpcServer;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What the JVM sees of it goes into the archive of classes that the client starts from. */
@Command(
    name = "train",
    hidden = true,
    description =
        "Lists containers that are played, and follows an event: what most calls do, and load.")
final class TrainCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "An empty one.")
  private Path directory = Path.of("");

  @Override
  public Integer call() throws IOException {
    Path sockets = Files.createDirectories(directory.resolve("run/gateway"));
    try (GrpcServer _ =
        GrpcServer.unix(sockets.resolve("gateway.sock"))
            .services(List.of(new Played(), new PlayedEvents()))
            .start()) {
      return Math.max(run("ps"), run("events", "--follow"));
    }
  }

  private int run(String... verb) {
    CommandLine line = Cli.commandLine(verb);
    line.setOut(new PrintWriter(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8));
    List<String> words = new ArrayList<>(List.of(verb));
    words.addAll(List.of("--data", directory.toString()));
    return line.execute(words.toArray(String[]::new));
  }

  private static final class PlayedEvents extends EventsGrpc.EventsImplBase {
    @Override
    public void watchEvents(
        WatchEventsRequest request, StreamObserver<WatchEventsResponse> answer) {
      answer.onNext(WatchEventsResponse.newBuilder().setEvent(Event.newBuilder()).build());
      answer.onCompleted();
    }
  }

  private static final class Played extends ContainersGrpc.ContainersImplBase {
    @Override
    public void listContainers(
        ListContainersRequest request, StreamObserver<ListContainersResponse> answer) {
      Container container =
          Container.newBuilder()
              .setName("tenants/t/sandboxes/s/containers/c")
              .setState(ContainerState.RUNNING)
              .build();
      answer.onNext(ListContainersResponse.newBuilder().addContainers(container).build());
      answer.onCompleted();
    }
  }
}
