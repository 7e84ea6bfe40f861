package dev.caisson.executor.sandbox;

import dev.caisson.executor.init.InitClient;
import dev.caisson.executor.stdio.InputPump;
import dev.caisson.executor.stdio.OutputPump;
import dev.caisson.executor.stdio.Patience;
import dev.caisson.executor.stdio.Terminal;
import dev.caisson.linux.Fd;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pair;
import dev.caisson.linux.Pipe;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.Process;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A process's standard streams, both ends.
 *
 * @param inside for the process: stdin, stdout, stderr; of a terminal, what its master is sent to
 * @param outside the other ends of the pipes, in the same order; the master of a terminal, once it
 *     has been sent; none where it has /dev/null
 * @param arrival where the master of a terminal arrives, until it has
 */
record Stdio(List<Fd> inside, List<Fd> outside, Optional<Fd> arrival) implements AutoCloseable {

  /** What they are. */
  enum Kind {
    DISCARDED,
    PIPES,
    TERMINAL;

    static Kind of(boolean piped, Process process) {
      if (!piped) {
        return DISCARDED;
      }
      return process.getTerminal() ? TERMINAL : PIPES;
    }
  }

  /** Whether the executor has the other ends: for callers, or for the logs. */
  static boolean isPiped(StdioMode mode, boolean hasLogs) {
    return mode == StdioMode.PIPE || hasLogs;
  }

  /** Of the token of a process: what caisson-init holds under that is the end of its input. */
  private static final long INPUT = 1L << 62;

  /**
   * The input is held apart: a process reads its end only when every copy of the other end is
   * closed.
   */
  static long inputToken(long token) {
    return token | INPUT;
  }

  static Stdio of(Kind kind, Host host) {
    return switch (kind) {
      case DISCARDED -> discarded(host);
      case PIPES -> pipes(host);
      case TERMINAL -> terminal(host);
    };
  }

  /**
   * Those of a local caller.
   *
   * @param streams three; taken over
   */
  static Stdio given(List<Fd> streams) {
    return new Stdio(streams, List.of(), Optional.empty());
  }

  private static Stdio terminal(Host host) {
    Pair pair = host.kernel().sockets().pair();
    return new Stdio(List.of(pair.second()), List.of(), Optional.of(pair.first()));
  }

  /** The same, with the master that the program has sent; or without it, where a caller has it. */
  Stdio received(Host host, Given given) {
    try (Fd socket = arrival.orElseThrow()) {
      Fd master = TerminalMaster.receive(host.kernel(), socket);
      if (given.hasConsole()) {
        try (master) {
          given.sendConsole(host, master);
        }
        return given(inside);
      }
      return new Stdio(inside, List.of(master), Optional.empty());
    }
  }

  private boolean isTerminal() {
    return outside.size() == 1;
  }

  private static Stdio discarded(Host host) {
    Fd empty = host.kernel().files().open(Path.of("/dev/null"), OpenFlag.READ_WRITE);
    return new Stdio(List.of(empty, empty, empty), List.of(), Optional.empty());
  }

  private static Stdio pipes(Host host) {
    List<Fd> opened = new ArrayList<>();
    try {
      Pipe in = pipe(host, opened);
      Pipe out = pipe(host, opened);
      Pipe err = pipe(host, opened);
      List<Fd> outside = List.of(in.write(), out.read(), err.read());
      outside.forEach(fd -> host.kernel().files().setBlocking(fd, false));
      return new Stdio(List.of(in.read(), out.write(), err.write()), outside, Optional.empty());
    } catch (RuntimeException e) {
      opened.forEach(Fd::close);
      throw e;
    }
  }

  private static Pipe pipe(Host host, List<Fd> opened) {
    Pipe pipe = host.kernel().files().pipe();
    opened.add(pipe.read());
    opened.add(pipe.write());
    return pipe;
  }

  /**
   * Has the outside ends live on in caisson-init, should the executor die.
   *
   * @param others to be held before the two outputs, or the terminal
   */
  void hold(InitClient init, long token, List<Fd> others) {
    List<Fd> held = new ArrayList<>(others);
    if (isTerminal()) {
      held.addAll(outside);
    } else if (!outside.isEmpty()) {
      held.addAll(outside.subList(1, outside.size()));
      init.hold(inputToken(token), outside.subList(0, 1));
    }
    if (!held.isEmpty()) {
      init.hold(token, held);
    }
  }

  /** Takes the outside ends over. */
  Optional<ProcessStreams> streams(Host host, Sandbox sandbox, long token) {
    if (outside.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        isTerminal()
            ? streams(host, outside.getFirst())
            : streams(host, sandbox, token, outside.get(0), outside.get(1), outside.get(2)));
  }

  /**
   * Those that an earlier executor has had held.
   *
   * @param outputs one of a terminal, two of pipes, none where there is neither
   */
  static Optional<ProcessStreams> fetched(
      Host host, Sandbox sandbox, long token, List<Fd> outputs) {
    if (outputs.isEmpty()) {
      return Optional.empty();
    }
    if (outputs.size() == 1) {
      return Optional.of(streams(host, outputs.getFirst()));
    }
    List<Fd> input = sandbox.requireHolder().client().fetch(inputToken(token));
    return Optional.of(
        streams(
            host,
            sandbox,
            token,
            input.isEmpty() ? null : input.getFirst(),
            outputs.get(0),
            outputs.get(1)));
  }

  private static ProcessStreams streams(
      Host host, Sandbox sandbox, long token, @Nullable Fd in, Fd out, Fd err) {
    Runnable inputEnded =
        () ->
            host.workers()
                .execute(() -> sandbox.holder().ifPresent(init -> init.drop(inputToken(token))));
    return new ProcessStreams(
        new InputPump(host.kernel().files(), host.stdio(), in, inputEnded),
        new OutputPump(host.kernel().files(), host.stdio(), patience(host), out, err),
        Optional.empty());
  }

  private static ProcessStreams streams(Host host, Fd master) {
    Fd input = master.duplicate();
    return new ProcessStreams(
        InputPump.toTerminal(host.kernel().files(), host.stdio(), input),
        OutputPump.ofTerminal(host.kernel().files(), host.stdio(), patience(host), master),
        Optional.of(new Terminal(host.kernel().terminals(), input)));
  }

  private static Patience patience(Host host) {
    return new Patience(host.settings().patience(), host::later);
  }

  /** The process has its own copies. */
  void closeInside() {
    inside.forEach(Fd::close);
  }

  @Override
  public void close() {
    closeInside();
    outside.forEach(Fd::close);
    arrival.ifPresent(Fd::close);
  }
}
