package dev.caisson.executor.network;

import dev.caisson.executor.procfs.Printable;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import java.util.Map;

/** What callers are told when a network cannot be had. */
final class Failures {
  /** Of a plugin's own words, in characters. */
  private static final int MAX_SHOWN = 600;

  private Failures() {}

  /** A sentence, of which a part may be a plugin's. */
  static RefusedException failed(String network, String sentence) {
    return new Refusal(
            Reason.NETWORK_FAILED, Printable.of(sentence, MAX_SHOWN), Map.of("network", network))
        .exception();
  }
}
