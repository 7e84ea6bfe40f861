package dev.caisson.cli;

import dev.caisson.proto.types.v1.ExitStatus;
import java.io.ByteArrayInputStream;
import java.io.SequenceInputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A call to a process that is at a terminal of its own: ours is raw meanwhile, and passes its size
 * on.
 */
final class AttachedTerminal {
  /** What a terminal takes for the end of input: {@code ^D}. */
  private static final byte[] END = {4};

  private AttachedTerminal() {}

  /** A terminal has no other end of input, and one output. */
  static AttachedCall.Streams streams(boolean withInput, DetachKeys keys) {
    AttachedCall.Streams ours = AttachedCall.Streams.ofThisProcess(withInput);
    return new AttachedCall.Streams(
        new SequenceInputStream(ours.in(), new ByteArrayInputStream(END)),
        ours.out(),
        ours.err(),
        withInput ? Optional.of(keys) : Optional.empty());
  }

  /**
   * Says that there is no terminal to work at, where one was asked for.
   *
   * @param withInput whether keys are to be passed on
   */
  static void require(boolean withInput) {
    if (withInput && !LocalTerminal.isThere()) {
      throw CliException.usage(
          "--tty needs a terminal as standard input, and this is none",
          "leave --tty out, or add --no-stdin");
    }
  }

  /** As it was again, whichever way the call ends. */
  static Optional<ExitStatus> run(
      AttachedCall<?, ?> call, boolean withInput, Supplier<Optional<ExitStatus>> calling) {
    Optional<LocalTerminal> ours = withInput ? LocalTerminal.take() : Optional.empty();
    try {
      SignalForwarding.onWindowChange(() -> LocalTerminal.size().ifPresent(call::resize));
      return calling.get();
    } finally {
      ours.ifPresent(LocalTerminal::close);
    }
  }

  /** {@code TERM} of ours, unless the variables have one. */
  static Optional<String> kind(List<String> env) {
    return env.stream().anyMatch(entry -> entry.startsWith("TERM="))
        ? Optional.empty()
        : LocalTerminal.kind().map(name -> "TERM=" + name);
  }
}
