package dev.caisson.executor.guard;

import dev.caisson.executor.refusal.Refusal;

/** The guard's answer to a request. */
public sealed interface Verdict {

  /** It may be carried out. */
  record Allowed() implements Verdict {}

  /** It may not. */
  record Refused(Refusal refusal) implements Verdict {}
}
