package dev.caisson.executor.sandbox;

import dev.caisson.executor.init.InitClient;
import dev.caisson.executor.init.InitException;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Interest;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The executor's hold on one caisson-init.
 *
 * <p>Changed in the sandbox's queue; its watches run on the control loop.
 */
final class Holder implements AutoCloseable {
  private final Fd pidfd;
  private final Optional<Fd> userNamespace;
  private final AtomicBoolean ending = new AtomicBoolean();
  private volatile InitClient client;
  private @Nullable Reports reports;
  private PollLoop.@Nullable Watch end;

  Holder(InitClient client, Fd pidfd, Optional<Fd> userNamespace) {
    this.client = client;
    this.pidfd = pidfd;
    this.userNamespace = userNamespace;
  }

  InitClient client() {
    return client;
  }

  Fd pidfd() {
    return pidfd;
  }

  Optional<Fd> userNamespace() {
    return userNamespace;
  }

  /**
   * Notices reports and the end.
   *
   * @param turns runs what follows, off the loop, in the sandbox's queue
   * @param collect runs when there may be reports; says whether there may be more by this client
   * @param lost runs when it has ended without {@link #ending}
   */
  void watch(PollLoop loop, Executor turns, BooleanSupplier collect, Runnable lost) {
    reports = new Reports(loop, turns, collect);
    reports.watch();
    end =
        loop.watch(
            pidfd,
            ready -> {
              if (!ending.getAndSet(true)) {
                turns.execute(lost);
              }
            });
    end.arm(Interest.IN);
  }

  private final class Reports {
    private final PollLoop loop;
    private final Executor turns;
    private final BooleanSupplier collect;
    private PollLoop.@Nullable Watch watch;

    Reports(PollLoop loop, Executor turns, BooleanSupplier collect) {
      this.loop = loop;
      this.turns = turns;
      this.collect = collect;
    }

    /** Of the client that there is now. */
    void watch() {
      PollLoop.Watch[] own = new PollLoop.Watch[1];
      own[0] = loop.watch(client.connection(), ready -> turns.execute(() -> collect(own[0])));
      watch = own[0];
      own[0].arm(Interest.IN);
    }

    private void collect(PollLoop.Watch own) {
      boolean more = true;
      try {
        more = collect.getAsBoolean();
      } finally { // one report that cannot be dealt with does not hide those after it
        if (more && !ending.get()) {
          own.arm(Interest.IN);
        }
      }
    }

    void cancel() {
      Optional.ofNullable(watch).ifPresent(PollLoop.Watch::cancel);
    }
  }

  /** It has hung up on the client that was, which is closed, and has answered this one. */
  void reconnected(InitClient next) {
    Optional.ofNullable(reports).ifPresent(Reports::cancel);
    client.close();
    client = next;
    Optional.ofNullable(reports).ifPresent(Reports::watch);
  }

  /** It may forget the exit; it need not be told once it ends. */
  void acknowledge(long token) {
    unlessGone(() -> client.acknowledge(token));
  }

  /** What it holds under the token is not needed any more. */
  void drop(long token) {
    unlessGone(() -> client.drop(token));
  }

  /** What it holds and remembers is gone with it, also where that is not known here yet. */
  private void unlessGone(Runnable request) {
    if (ending.get()) {
      return;
    }
    try {
      request.run();
    } catch (InitException ignored) {
      // Nobody holds anything any more.
    }
  }

  /** Its end is wanted. */
  void ending() {
    ending.set(true);
  }

  boolean isEnding() {
    return ending.get();
  }

  @Override
  public void close() {
    Optional.ofNullable(reports).ifPresent(Reports::cancel);
    Optional.ofNullable(end).ifPresent(PollLoop.Watch::cancel);
    client.close();
    pidfd.close();
    userNamespace.ifPresent(Fd::close);
  }
}
