package dev.caisson.executor.sandbox;

import dev.caisson.executor.stdio.InputPump;
import dev.caisson.executor.stdio.OutputPump;
import dev.caisson.linux.Fd;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A process's standard streams, both ends.
 *
 * @param inside stdin, stdout, stderr, for the process
 * @param outside the other ends of the pipes, in the same order; none where it has /dev/null
 */
record Stdio(List<Fd> inside, List<Fd> outside) implements AutoCloseable {

  static Stdio discarded(Host host) {
    Fd empty = host.kernel().files().open(Path.of("/dev/null"), OpenFlag.READ_WRITE);
    return new Stdio(List.of(empty, empty, empty), List.of());
  }

  static Stdio pipes(Host host) {
    List<Fd> opened = new ArrayList<>();
    try {
      Pipe in = pipe(host, opened);
      Pipe out = pipe(host, opened);
      Pipe err = pipe(host, opened);
      List<Fd> outside = List.of(in.write(), out.read(), err.read());
      outside.forEach(fd -> host.kernel().files().setBlocking(fd, false));
      return new Stdio(List.of(in.read(), out.write(), err.write()), outside);
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

  /** Takes the outside ends over. */
  Optional<ProcessStreams> streams(Host host) {
    return streams(host, outside);
  }

  static Optional<ProcessStreams> streams(Host host, List<Fd> outside) {
    if (outside.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new ProcessStreams(
            new InputPump(host.kernel().files(), host.stdio(), outside.get(0)),
            new OutputPump(
                host.kernel().files(), host.stdio(), outside.get(1), outside.get(2))));
  }

  /** The process has its own copies. */
  void closeInside() {
    inside.forEach(Fd::close);
  }

  @Override
  public void close() {
    closeInside();
    outside.forEach(Fd::close);
  }
}
