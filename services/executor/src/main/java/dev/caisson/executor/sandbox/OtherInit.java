package dev.caisson.executor.sandbox;

import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Interest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * A caisson-init of another version, to which nothing can be said. What runs in its sandbox goes
 * on, and is known by what the kernel says of it.
 *
 * <p>Changed in the sandbox's queue; its watches run on the control loop.
 */
final class OtherInit implements AutoCloseable {
  private final Fd pidfd;
  private final String why;
  private final List<Watched> watched = new ArrayList<>();

  private record Watched(Fd process, PollLoop.Watch watch) {}

  /**
   * Takes the descriptor over.
   *
   * @param why nothing can be said to it, in words
   */
  OtherInit(Fd pidfd, String why) {
    this.pidfd = pidfd;
    this.why = why;
  }

  Fd pidfd() {
    return pidfd;
  }

  String why() {
    return why;
  }

  /**
   * Notices the end of one of its sandbox's processes.
   *
   * @param turns runs what follows, off the loop, in the sandbox's queue
   */
  void watch(PollLoop loop, Executor turns, Fd process, Runnable ended) {
    Fd own = process.duplicate(); // the other is closed when its end is dealt with
    PollLoop.Watch watch = loop.watch(own, ready -> turns.execute(ended));
    watched.add(new Watched(own, watch));
    watch.arm(Interest.IN);
  }

  @Override
  public void close() {
    for (Watched one : watched) {
      one.watch().cancel();
      one.process().close();
    }
    pidfd.close();
  }
}
