package dev.caisson.executor.sandbox;

import dev.caisson.executor.log.ContainerLog;
import dev.caisson.executor.log.LogSettings;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Trees;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The log files of containers: a directory for each, named by its uid. */
final class ContainerLogs {
  private static final System.Logger LOG = System.getLogger(ContainerLogs.class.getName());

  private final Host host;
  private final Path root;

  ContainerLogs(Host host) {
    this.host = host;
    this.root = host.settings().dataDirectory().resolve("logs");
  }

  /** Of a container that has just been made, if it is to have some. */
  void begin(Container container) {
    if (container.record().hasLogs()) {
      watch(container, open(container));
    }
  }

  /** Of one that an earlier life of the executor made; its streams are there again. */
  void resume(Container container) {
    if (!container.record().hasLogs()) {
      return;
    }
    ContainerLog log = open(container);
    boolean ran =
        container.streams().isPresent()
            && !container.record().hasExit()
            && container.record().getState() != ContainerState.CREATED;
    log.resume(ran);
    watch(container, log);
  }

  private ContainerLog open(Container container) {
    return new ContainerLog(
        root.resolve(container.uid()),
        LogSettings.of(container.record().getLogs()),
        host.logs(),
        host.clock());
  }

  /** Nobody is there to give input to one that was not made to be attached to. */
  private static void watch(Container container, ContainerLog log) {
    container.log(log);
    container
        .streams()
        .ifPresent(streams -> {
          log.attachTo(streams.output());
          if (container.record().getStdio() != StdioMode.PIPE) {
            streams.input().close();
          }
        });
    var _ = container.exit().whenComplete((status, lost) -> log.processEnded());
  }

  /** Removes those of containers that are no more: what a crash has left. */
  void sweep(Predicate<String> lives) {
    left().stream().filter(uid -> !lives.test(uid)).forEach(this::remove);
  }

  private List<String> left() {
    try (Stream<Path> directories = Files.list(root)) {
      return directories.map(directory -> directory.getFileName().toString()).toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to list the logs in " + root, e);
    }
  }

  private void remove(String uid) {
    try (Fd parent = host.kernel().files().open(root, OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      Trees.remove(parent, uid);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT) {
        LOG.log(Level.WARNING, "Failed to remove the logs of " + uid, e);
      }
    }
  }
}
