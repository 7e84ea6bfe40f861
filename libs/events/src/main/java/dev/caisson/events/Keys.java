package dev.caisson.events;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.UsageSample;

/**
 * Record keys: {@code <node>/<sandbox uid>}, so that a sandbox's records keep their order; {@code
 * <node>} for the rest.
 */
public final class Keys {

  private Keys() {}

  public static String of(Event event) {
    return of(event.getNode(), event.getSubject().getSandboxUid());
  }

  public static String of(UsageSample sample) {
    return of(sample.getNode(), sample.getSandboxUid());
  }

  /** The key of what concerns a sandbox; with an empty uid, of what concerns none. */
  public static String of(String node, String sandboxUid) {
    return sandboxUid.isEmpty() ? node : node + "/" + sandboxUid;
  }
}
