package dev.caisson.rpc;

import java.time.Duration;

/** What a call leaves behind that is cut off waits for its caller, for so long. */
public final class Lease {
  /** As the APIs promise it: service.proto. */
  public static final Duration DURATION = Duration.ofSeconds(30);

  private Lease() {}
}
