package dev.caisson.testing;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Interest;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Poller;
import dev.caisson.linux.Ready;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A {@link Poller} over a fake's descriptors. Guarded by the kernel's monitor. */
final class FakePoller implements Poller {
  /** What one descriptor is watched for; a one-shot watch that has fired is not armed. */
  private record Watch(long token, Set<Interest> interests, boolean oneShot, boolean armed) {
    Watch fired() {
      return oneShot ? new Watch(token, interests, true, false) : this;
    }
  }

  private final Monitor monitor;
  private final OpenFiles open;
  private final Map<Integer, Watch> watches = new LinkedHashMap<>();
  private boolean awake;
  private boolean closed;

  FakePoller(Monitor monitor, OpenFiles open) {
    this.monitor = monitor;
    this.open = open;
  }

  @Override
  public void add(Fd fd, long token, Set<Interest> interests, boolean oneShot) {
    set(fd, token, interests, oneShot, false);
  }

  @Override
  public void change(Fd fd, long token, Set<Interest> interests, boolean oneShot) {
    set(fd, token, interests, oneShot, true);
  }

  private void set(Fd fd, long token, Set<Interest> interests, boolean oneShot, boolean isWatched) {
    if (token == RESERVED_TOKEN) {
      throw new IllegalArgumentException("token must not be the reserved one: " + token);
    }
    monitor.change(() -> {
      require(fd, isWatched);
      watches.put(fd.number(), new Watch(token, Set.copyOf(interests), oneShot, true));
    });
  }

  @Override
  public void remove(Fd fd) {
    monitor.change(() -> {
      require(fd, true);
      watches.remove(fd.number());
    });
  }

  private void require(Fd fd, boolean isWatched) {
    open.get(fd);
    if (watches.containsKey(fd.number()) != isWatched) {
      throw new LinuxException("watch", fd.toString(), isWatched ? Errno.ENOENT : Errno.EEXIST);
    }
  }

  @Override
  public List<Ready> await(Duration timeout) {
    return monitor.change(() -> {
      requireOpen();
      monitor.await(() -> awake || closed || !ready().isEmpty(), timeout);
      awake = false;
      List<Integer> numbers = ready();
      List<Ready> result = numbers.stream().map(this::report).toList();
      numbers.forEach(number -> watches.computeIfPresent(number, (key, w) -> w.fired()));
      return result;
    });
  }

  /** The first numbers with something to report. */
  private List<Integer> ready() {
    List<Integer> ready = new ArrayList<>();
    for (Map.Entry<Integer, Watch> entry : watches.entrySet()) {
      if (ready.size() < MAX_READY
          && entry.getValue().armed()
          && !interests(entry.getKey(), entry.getValue()).isEmpty()) {
        ready.add(entry.getKey());
      }
    }
    return ready;
  }

  private Ready report(int number) {
    Watch watch = Optional.ofNullable(watches.get(number)).orElseThrow();
    return new Ready(watch.token(), interests(number, watch));
  }

  /** Of a closed descriptor nothing, as epoll(7) forgets it. */
  private Set<Interest> interests(int number, Watch watch) {
    Set<Interest> interests = EnumSet.noneOf(Interest.class);
    Optional<OpenFile> file = open.find(number);
    if (file.filter(OpenFile::isReadable).isPresent() && watch.interests().contains(Interest.IN)) {
      interests.add(Interest.IN);
    }
    if (file.filter(OpenFile::isWritable).isPresent() && watch.interests().contains(Interest.OUT)) {
      interests.add(Interest.OUT);
    }
    if (file.filter(OpenFile::isHungUp).isPresent()) {
      interests.add(Interest.HANG_UP);
    }
    return interests;
  }

  @Override
  public void wake() {
    monitor.change(() -> {
      requireOpen();
      awake = true;
    });
  }

  private void requireOpen() {
    if (closed) {
      throw new LinuxException("use", "a closed poller", Errno.EBADF);
    }
  }

  @Override
  public void close() {
    monitor.change(() -> closed = true);
  }
}
