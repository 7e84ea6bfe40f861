package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.EpollEvent;
import dev.caisson.linux.abi.SystemCallNumbers;
import dev.caisson.linux.abi.Timespec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongUnaryOperator;

/**
 * A {@link Poller} on epoll(7), woken by an eventfd(2).
 *
 * @param epoll the set of descriptors
 * @param waker in the set too, under the reserved token
 */
record EpollPoller(Fd epoll, Fd waker) implements Poller {
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  static EpollPoller open() {
    Fd epoll = fd(Downcalls.syscall(CALLS.epollCreate1(), Constants.EPOLL_CLOEXEC));
    try {
      int flags = Constants.EFD_CLOEXEC | Constants.EFD_NONBLOCK;
      EpollPoller poller =
          new EpollPoller(epoll, fd(Downcalls.syscall(CALLS.eventfd2(), 0, flags)));
      poller.control(
          Constants.EPOLL_CTL_ADD, poller.waker, RESERVED_TOKEN, Constants.EPOLLIN, "watch");
      return poller;
    } catch (RuntimeException e) {
      epoll.close();
      throw e;
    }
  }

  private static Fd fd(long result) {
    return Fd.adopt((int) Outcome.require(result, "make", "a poller"));
  }

  @Override
  public void add(Fd fd, long token, Set<Interest> interests, boolean oneShot) {
    control(Constants.EPOLL_CTL_ADD, fd, requireFree(token), events(interests, oneShot), "watch");
  }

  @Override
  public void change(Fd fd, long token, Set<Interest> interests, boolean oneShot) {
    control(Constants.EPOLL_CTL_MOD, fd, requireFree(token), events(interests, oneShot), "watch");
  }

  @Override
  public void remove(Fd fd) {
    control(Constants.EPOLL_CTL_DEL, fd, 0, 0, "stop watching");
  }

  private void control(int command, Fd fd, long token, int events, String operation) {
    try (Arena arena = Arena.ofConfined()) {
      long event = EpollEvent.in(arena, events, token).address();
      long result =
          epoll.use(
              set -> fd.use(n -> Downcalls.syscall(CALLS.epollCtl(), set, command, n, event)));
      Outcome.require(result, operation, fd);
    }
  }

  private static long requireFree(long token) {
    if (token == RESERVED_TOKEN) {
      throw new IllegalArgumentException("token must not be the reserved one: " + token);
    }
    return token;
  }

  /** The waker is held too: closed, it would leave the set, and nobody would end the waiting. */
  @Override
  public List<Ready> await(Duration timeout) {
    Deadline deadline = Deadline.after(timeout);
    try (Held held = Held.of(List.of(epoll, waker));
        Arena arena = Arena.ofConfined()) {
      MemorySegment events = EpollEvent.array(arena, MAX_READY);
      int set = held.numbers()[0];
      long count = Outcome.uninterrupted(() -> await(set, events, deadline.left()));
      return ready(events, Outcome.require(count, "wait for", "a poller"));
    }
  }

  private static long await(int set, MemorySegment events, Duration timeout) {
    try (Arena arena = Arena.ofConfined()) {
      long time = Timespec.in(arena, timeout).address();
      return Downcalls.syscall(CALLS.epollPwait2(), set, events.address(), MAX_READY, time, 0, 0);
    }
  }

  private List<Ready> ready(MemorySegment events, long count) {
    List<Ready> ready = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      long token = EpollEvent.data(events, i);
      if (token == RESERVED_TOKEN) {
        drain(waker.heldNumber());
      } else {
        ready.add(new Ready(token, interests(EpollEvent.events(events, i))));
      }
    }
    return List.copyOf(ready);
  }

  /** Sets the eventfd's counter back to zero; EAGAIN if it is. */
  private static void drain(int waker) {
    withCounter(0, counter -> Downcalls.syscall(CALLS.read(), waker, counter, Long.BYTES));
  }

  @Override
  public void wake() {
    // EAGAIN: the counter is full, so the poller is awake.
    long result =
        withCounter(
            1, counter -> waker.use(n -> Downcalls.syscall(CALLS.write(), n, counter, Long.BYTES)));
    Outcome.requireOrWouldBlock(result, "wake", "a poller");
  }

  private static long withCounter(long value, LongUnaryOperator call) {
    try (Arena arena = Arena.ofConfined()) {
      return call.applyAsLong(arena.allocateFrom(ValueLayout.JAVA_LONG, value).address());
    }
  }

  @Override
  public void close() {
    try {
      wake();
    } catch (LinuxException alreadyClosed) {
      return;
    }
    waker.close();
    epoll.close();
  }

  private static int events(Set<Interest> interests, boolean oneShot) {
    int events = oneShot ? Constants.EPOLLONESHOT : 0;
    for (Interest interest : interests) {
      events |=
          switch (interest) {
            case IN -> Constants.EPOLLIN;
            case OUT -> Constants.EPOLLOUT;
            case HANG_UP -> Constants.EPOLLRDHUP;
          };
    }
    return events;
  }

  private static Set<Interest> interests(int events) {
    Set<Interest> interests = EnumSet.noneOf(Interest.class);
    if ((events & Constants.EPOLLIN) != 0) {
      interests.add(Interest.IN);
    }
    if ((events & Constants.EPOLLOUT) != 0) {
      interests.add(Interest.OUT);
    }
    if ((events & (Constants.EPOLLHUP | Constants.EPOLLRDHUP | Constants.EPOLLERR)) != 0) {
      interests.add(Interest.HANG_UP);
    }
    return interests;
  }
}
