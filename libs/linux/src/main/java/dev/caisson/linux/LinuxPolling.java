package dev.caisson.linux;

/** {@link Polling} by epoll(7). */
final class LinuxPolling implements Polling {
  @Override
  public Poller open() {
    return EpollPoller.open();
  }
}
