package dev.caisson.linux;

/** What may become true of a descriptor, epoll_ctl(2). */
public enum Interest {
  /** Something can be read, or a process has ended (pidfd). */
  IN,
  OUT,
  /** The other end has closed, or the file has an error. Reported whether asked for or not. */
  HANG_UP
}
