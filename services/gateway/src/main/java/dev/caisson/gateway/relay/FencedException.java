package dev.caisson.gateway.relay;

/** Another relay has taken this node over: this one must not write any more. */
final class FencedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  FencedException(String node, Throwable cause) {
    super(
        "Another relay has taken over node "
            + node
            + "; this one has stopped. Restart this gateway when it shall relay again",
        cause);
  }
}
