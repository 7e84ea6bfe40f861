package dev.caisson.executor.init;

import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.SpawnRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Starts caisson-inits, from a sealed copy of the binary: nothing that a container could reach is
 * ever executed by the executor.
 *
 * <p>Thread-safe.
 */
public final class InitLauncher implements AutoCloseable {
  private static final int BACKLOG = 4;
  private static final Duration FIRST_PROCESS_END = Duration.ofSeconds(10);
  private static final Duration ANNOUNCEMENT = Duration.ofSeconds(1);

  private final Kernel kernel;
  private final Fd binary;
  private final Spawner spawner;

  private InitLauncher(Kernel kernel, Fd binary, Spawner spawner) {
    this.kernel = kernel;
    this.binary = binary;
    this.spawner = spawner;
  }

  /** What it starts are children of this process. */
  public InitLauncher(Kernel kernel) {
    this(
        kernel,
        kernel.files().sealedMemory("caisson-init", ByteBuffer.wrap(binary())),
        (binary, listening) -> spawn(kernel, binary, listening));
  }

  /**
   * One whose processes somebody else starts, from the same copy of the binary: it is not closed by
   * itself.
   */
  public InitLauncher with(Spawner other) {
    return new InitLauncher(kernel, binary, other);
  }

  private static byte[] binary() {
    String machine = System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64";
    String name = "caisson-init-" + machine;
    try (InputStream resource = InitLauncher.class.getResourceAsStream(name)) {
      if (resource == null) {
        throw new InitException(
            "this build has no " + name + ": build it on, or for, this machine");
      }
      return resource.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Makes a sandbox, up to the first barrier of its program, or its end.
   *
   * @param socket where it will listen; its directory is the protection
   * @param exits as for {@link InitClient}
   */
  public LaunchedInit launch(
      Path socket, RunRequest request, boolean exitWithConnection, Consumer<ProcessEnd> exits) {
    try (Spawner.First first = spawn(socket)) {
      LaunchedInit launched = become(socket, request, exitWithConnection, exits, first.pidfd());
      awaitEnd(launched, first.pidfd());
      return launched;
    }
  }

  private Spawner.First spawn(Path socket) {
    try (Fd listening = kernel.sockets().listen(socket, BACKLOG)) {
      return spawner.spawn(binary, listening);
    }
  }

  private static Spawner.First spawn(Kernel kernel, Fd binary, Fd listening) {
    Fd pidfd =
        kernel
            .processes()
            .spawn(
                new SpawnRequest(
                    Path.of("/proc/self/fd/" + binary.number()),
                    List.of("caisson-init"),
                    List.of(),
                    Map.of(Spawner.LISTEN_DESCRIPTOR, listening),
                    true))
            .pidfd();
    return new Child(kernel, pidfd);
  }

  /** Of this process. */
  private record Child(Kernel kernel, Fd pidfd) implements Spawner.First {
    @Override
    public void close() {
      try (pidfd) {
        var _ = kernel.processes().reap(pidfd);
      }
    }
  }

  private LaunchedInit become(
      Path socket,
      RunRequest request,
      boolean exitWithConnection,
      Consumer<ProcessEnd> exits,
      Fd first) {
    InitClient client = null;
    try {
      client = InitClient.connect(kernel, socket, exits);
      return new LaunchedInit(client, client.become(request, exitWithConnection));
    } catch (RuntimeException e) {
      if (client != null && client.isUnanswered()) {
        // Who is killed between the birth of the second and its word of that leaves a child that
        // nobody knows.
        var _ = kernel.processes().awaitEnd(first, ANNOUNCEMENT);
      }
      var _ = kernel.processes().kill(first);
      awaitEnd(first);
      if (client != null) {
        client.discardAnswers(); // of the second process, if there is one already
        client.close();
      }
      throw e;
    }
  }

  private void awaitEnd(LaunchedInit launched, Fd first) {
    try {
      awaitEnd(first);
    } catch (RuntimeException e) {
      launched.discard(kernel);
      InitClient.end(kernel, first);
      throw e;
    }
  }

  /**
   * The first process ends as soon as it has made the second, or fails: nothing waits for it here.
   */
  private void awaitEnd(Fd first) {
    if (!kernel.processes().awaitEnd(first, FIRST_PROCESS_END)) {
      var _ = kernel.processes().kill(first);
      kernel.processes().awaitEnd(first, FIRST_PROCESS_END);
    }
  }

  /** Connects to one that runs: after a restart of the executor. */
  public InitClient connect(Path socket, Consumer<ProcessEnd> exits) {
    return InitClient.connect(kernel, socket, exits);
  }

  @Override
  public void close() {
    binary.close();
  }
}
