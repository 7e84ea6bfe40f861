package dev.caisson.executor.sandbox;

import dev.caisson.executor.init.InitClient;
import dev.caisson.executor.init.InitException;
import dev.caisson.executor.init.LaunchedInit;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** The caisson-inits: where their sockets are, how they are watched, and how they end. */
final class Holders {
  private static final System.Logger LOG = System.getLogger(Holders.class.getName());

  /** What is short here, not there. */
  private static final Set<Errno> OUR_WANT = Set.of(Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM);

  private static final Duration DEATH = Duration.ofSeconds(10);

  private final Host host;
  private final Consumer<Sandbox> lost;

  /**
   * @param lost called, on a worker, when one has ended that was not asked to
   */
  Holders(Host host, Consumer<Sandbox> lost) {
    this.host = host;
    this.lost = lost;
  }

  Path socket(String uid) {
    return directory(uid).resolve("init.sock");
  }

  /** Which holds a directory for each sandbox. */
  Path root() {
    return host.settings().runDirectory().resolve("sandboxes");
  }

  /** What {@link NamedCgroups} knows before there is a record. */
  Path note(String uid) {
    return directory(uid).resolve("cgroups");
  }

  private Path directory(String uid) {
    return root().resolve(uid);
  }

  void makeDirectory(String uid) {
    try {
      Files.createDirectories(directory(uid).getParent());
      Files.createDirectory(
          directory(uid),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to make the sandbox's directory", e);
    }
  }

  void removeDirectory(String uid) {
    try {
      Files.deleteIfExists(socket(uid));
      Files.deleteIfExists(note(uid));
      Files.deleteIfExists(directory(uid));
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to remove the sandbox's directory", e);
    }
  }

  Holder hold(LaunchedInit launched, boolean mapped) {
    launched.process().program().close();
    Fd pidfd = launched.process().pidfd();
    return new Holder(launched.client(), pidfd, userNamespace(pidfd, mapped));
  }

  /** For the map of what is mounted: nothing of the host's can be mapped without root. */
  Optional<Fd> userNamespace(Fd pidfd, boolean mapped) {
    return mapped && host.settings().powers().hostsRoot()
        ? Optional.of(host.proc().namespace(pidfd, "user"))
        : Optional.empty();
  }

  /** From now on its reports, and its end, are noticed. */
  void watch(Sandbox sandbox) {
    sandbox
        .requireHolder()
        .watch(
            host.control(),
            turns(sandbox),
            () -> sandbox.collectEnds() || isReached(sandbox),
            () -> lost.accept(sandbox));
  }

  /**
   * It hangs up on an executor that does not read for two seconds, and tells the next client what
   * was not acknowledged. One that lives and does not answer is ended: that is noticed, too.
   *
   * @return false: its client, of which nothing more comes, has been replaced, or will be
   */
  private boolean isReached(Sandbox sandbox) {
    Optional<Holder> holder = sandbox.holder().filter(this::isWanted);
    try {
      holder.ifPresent(present -> {
        present.reconnected(host.launcher().connect(socket(sandbox.uid()), sandbox::reported));
        LOG.log(Level.INFO, "Connected again to the caisson-init of {0}", sandbox.uid());
      });
    } catch (LinuxException | InitException e) {
      LOG.log(
          Level.WARNING, "No caisson-init answers for " + sandbox.uid() + ": " + e.getMessage());
      if (e instanceof LinuxException failure && OUR_WANT.contains(failure.errno())) {
        host.later(() -> sandbox.queue().leave(() -> isReached(sandbox)));
      } else {
        holder.ifPresent(present -> kill(present.pidfd()));
      }
    }
    return false;
  }

  private boolean isWanted(Holder holder) {
    return !holder.isEnding() && !host.kernel().processes().awaitEnd(holder.pidfd(), Duration.ZERO);
  }

  /** Likewise of one to which nothing can be said: that it ends is noticed. */
  void watch(Sandbox sandbox, OtherInit other) {
    watch(sandbox, other, other.pidfd(), () -> lost.accept(sandbox));
  }

  /**
   * The same of one of its sandbox's processes.
   *
   * @param ended runs in the sandbox's queue, as long as there is that sandbox
   */
  void watch(Sandbox sandbox, OtherInit other, Fd process, Runnable ended) {
    other.watch(
        host.control(),
        turns(sandbox),
        process,
        () -> sandbox.other().ifPresent(present -> ended.run()));
  }

  private Executor turns(Sandbox sandbox) {
    return task -> host.workers().execute(() -> sandbox.queue().leave(task));
  }

  /** One that is on its way, or serves, with all that is in it. */
  void kill(LaunchedInit launched) {
    killAndAwait(launched.process().pidfd());
    launched.client().close();
    launched.process().program().close();
    launched.process().pidfd().close();
  }

  /** Ends one of which nothing is known but its socket, if it is there. */
  void end(String uid) {
    try (InitClient client = host.launcher().connect(socket(uid), end -> {})) {
      client.end();
    } catch (LinuxException | InitException e) {
      LOG.log(Level.DEBUG, "No caisson-init answers for {0}: {1}", uid, e.getMessage());
    }
  }

  /** Its PID namespace guarantees that no process of the sandbox survives it. */
  void killAndAwait(Fd pidfd) {
    var _ = host.kernel().processes().kill(pidfd);
    host.kernel().processes().awaitEnd(pidfd, DEATH);
    reap(pidfd);
  }

  /** Somebody else's child. */
  void kill(Fd pidfd) {
    var _ = host.kernel().processes().kill(pidfd);
  }

  /** It is a child only of the executor that started it. */
  void reap(Fd pidfd) {
    try {
      var _ = host.kernel().processes().reap(pidfd);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ECHILD) {
        throw e;
      }
    }
  }
}
