package dev.caisson.executor.sandbox;

import dev.caisson.executor.init.InitClient;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Interest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The executor's hold on one caisson-init.
 *
 * <p>Changed in the sandbox's queue; its watches run on the control loop.
 */
final class Holder implements AutoCloseable {
  private final InitClient client;
  private final Fd pidfd;
  private final Optional<Fd> userNamespace;
  private final List<PollLoop.Watch> watches = new ArrayList<>();
  private final AtomicBoolean ending = new AtomicBoolean();

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
   * @param reports runs when there may be reports
   * @param lost runs when it has ended without {@link #ending}
   */
  void watch(PollLoop loop, Executor turns, Runnable reports, Runnable lost) {
    PollLoop.Watch[] connection = new PollLoop.Watch[1];
    connection[0] =
        loop.watch(
            client.connection(),
            ready ->
                turns.execute(() -> {
                  try {
                    reports.run();
                  } finally { // one report that cannot be dealt with does not hide those after it
                    if (!ending.get()) {
                      connection[0].arm(Interest.IN);
                    }
                  }
                }));
    PollLoop.Watch end =
        loop.watch(
            pidfd,
            ready -> {
              if (!ending.getAndSet(true)) {
                turns.execute(lost);
              }
            });
    watches.add(connection[0]);
    watches.add(end);
    watches.forEach(watch -> watch.arm(Interest.IN));
  }

  /** It may forget the exit; it need not be told once it ends. */
  void acknowledge(long token) {
    if (!ending.get()) {
      client.acknowledge(token);
    }
  }

  /** What it holds under the token is not needed any more. */
  void drop(long token) {
    if (!ending.get()) {
      client.drop(token);
    }
  }

  /** Its end is wanted. */
  void ending() {
    ending.set(true);
  }

  @Override
  public void close() {
    watches.forEach(PollLoop.Watch::cancel);
    client.close();
    pidfd.close();
    userNamespace.ifPresent(Fd::close);
  }
}
