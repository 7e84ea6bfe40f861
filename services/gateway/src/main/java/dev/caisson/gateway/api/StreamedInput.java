package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.executor.v1.Output;
import dev.caisson.proto.v1.Input;
import dev.caisson.proto.v1.Reason;
import io.grpc.StatusRuntimeException;

/** What goes to and comes from a process's standard streams. */
final class StreamedInput {
  /** Of one message, in bytes. */
  static final int MAX_DATA = 64 * 1024;

  /** The highest signal: signal(7). */
  static final int MAX_SIGNAL = 64;

  /** Of a terminal, in characters: what {@code struct winsize} holds. */
  static final int MAX_SIDE = 65_535;

  private StreamedInput() {}

  static dev.caisson.proto.executor.v1.Input of(Input input) {
    if (input.getStdin().size() > MAX_DATA) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          "input.stdin",
          "be at most " + MAX_DATA + " bytes",
          input.getStdin().size());
    }
    requireSignal("input.signal", input.getSignal());
    if (input.getDetach() && !input.equals(Input.newBuilder().setDetach(true).build())) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          "input.detach",
          "be alone in its message",
          "it comes with other input");
    }
    dev.caisson.proto.executor.v1.Input.Builder passed =
        dev.caisson.proto.executor.v1.Input.newBuilder()
            .setStdin(input.getStdin())
            .setStdinEof(input.getStdinEof())
            .setSignal(input.getSignal())
            .setDetach(input.getDetach());
    if (input.hasResize()) {
      requireSide("input.resize.height", input.getResize().getHeight());
      requireSide("input.resize.width", input.getResize().getWidth());
      passed.setResize(input.getResize());
    }
    return passed.build();
  }

  private static void requireSide(String field, int characters) {
    if (characters < 1 || characters > MAX_SIDE) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          field,
          "be from 1 to " + MAX_SIDE,
          Integer.toUnsignedString(characters));
    }
  }

  static void requireSignal(String field, int signal) {
    if (signal < 0 || signal > MAX_SIGNAL) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          field,
          "be from 0 to " + MAX_SIGNAL,
          Integer.toUnsignedString(signal));
    }
  }

  static dev.caisson.proto.v1.Output output(Output output) {
    return dev.caisson.proto.v1.Output.newBuilder()
        .setStreamValue(output.getStreamValue())
        .setData(output.getData())
        .build();
  }

  /**
   * A stream that does not go as it must.
   *
   * @param expected as in {@code begin with create, and then carry input}
   */
  static StatusRuntimeException outOfOrder(String expected, Object got) {
    return Errors.invalid(Reason.INVALID_STREAM, "the stream", expected, got);
  }
}
