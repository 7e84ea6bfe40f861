package dev.caisson.client;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.v1.Input;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/** What a process is sent while it runs. */
public final class Inputs {
  /** Bytes: the largest piece of input that a service takes. */
  private static final int PIECE = 64 << 10;

  private Inputs() {}

  /** Nothing, and no end of it: a process that reads its standard input waits. */
  public static Flux<Input> none() {
    return Flux.never();
  }

  /** The end of its standard input. Signals and sizes may follow it. */
  public static Input end() {
    return Input.newBuilder().setStdinEof(true).build();
  }

  /**
   * To its standard input, which ends with the publisher.
   *
   * @param data pieces of any size; larger ones than a service takes are divided
   */
  public static Flux<Input> stdin(Publisher<ByteString> data) {
    return Flux.from(data).concatMap(Inputs::pieces, 1).concatWithValues(end());
  }

  /** The same of a text, in UTF-8. */
  public static Flux<Input> stdin(String text) {
    return stdin(Flux.just(ByteString.copyFromUtf8(text)));
  }

  private static Flux<Input> pieces(ByteString data) {
    return Flux.range(0, (data.size() + PIECE - 1) / PIECE)
        .map(i -> data.substring(i * PIECE, Math.min((i + 1) * PIECE, data.size())))
        .map(piece -> Input.newBuilder().setStdin(piece).build());
  }

  /**
   * A signal to the process.
   *
   * @param number 1 to 64
   */
  public static Input signal(int number) {
    return Input.newBuilder().setSignal(number).build();
  }

  /**
   * The new size of its terminal.
   *
   * @param columns in characters
   * @param rows in characters
   */
  public static Input resize(int columns, int rows) {
    return Input.newBuilder()
        .setResize(ConsoleSize.newBuilder().setWidth(columns).setHeight(rows))
        .build();
  }

  /** The caller leaves on purpose, and the process runs on. The last input. */
  public static Input detach() {
    return Input.newBuilder().setDetach(true).build();
  }
}
