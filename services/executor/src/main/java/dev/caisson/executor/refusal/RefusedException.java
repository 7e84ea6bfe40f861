package dev.caisson.executor.refusal;

/** Carries a {@link Refusal} out of nested checks to the one place that answers the caller. */
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Refusal refusal;

  public RefusedException(Refusal refusal) {
    // Without a stack trace: a refusal is an answer, not a defect.
    super(refusal.message(), null, false, false);
    this.refusal = refusal;
  }

  public Refusal refusal() {
    return refusal;
  }
}
