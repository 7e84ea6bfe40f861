package dev.caisson.client;

import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.Output;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;

/**
 * A process and its streams, over one call. The call begins when {@link #output} is subscribed to;
 * {@link #started} and {@link #exit} tell what it said. A call that breaks, or is cancelled, leaves
 * the process its streams for 30 s, in which {@link Containers#attach} takes them up.
 *
 * @param <S> what is told of the process when it has started
 */
public final class Session<S> {

  /** What an answer of the service says. */
  sealed interface Answer<S> {
    /** Nothing that is of interest here. */
    record Other<S>() implements Answer<S> {}

    record Started<S>(S process) implements Answer<S> {}

    record Wrote<S>(Output output) implements Answer<S> {}

    record Exited<S>(ExitStatus status) implements Answer<S> {}
  }

  private final Once<S> started = new Once<>();
  private final Once<ExitStatus> exit = new Once<>();
  private final AtomicBoolean taken = new AtomicBoolean();
  private final Flux<Output> output;

  private Session(Flux<Answer<S>> answers) {
    this.output =
        answers
            .handle(this::handle)
            .doOnError(this::failed)
            .doOnComplete(this::ended)
            .doOnCancel(this::givenUp);
  }

  static <R, S> Session<S> of(Flux<R> call, Function<R, Answer<S>> decoder) {
    return new Session<>(call.map(decoder));
  }

  /** Of a process that runs already. */
  static <R> Session<Void> ofRunning(Flux<R> call, Function<R, Answer<Void>> decoder) {
    Session<Void> session = of(call, decoder);
    session.started.end();
    return session;
  }

  /**
   * What the process puts out, piece by piece; ends with the call. For one subscriber, once.
   * Nothing is read beyond what he asks for and what is on its way, at most 64 KiB: a process whose
   * output is not taken waits. Cancelling it ends the call.
   */
  public Flux<Output> output() {
    return Flux.defer(() ->
        taken.compareAndSet(false, true)
            ? output
            : Flux.error(new IllegalStateException("a session's output has one subscriber")));
  }

  /** That it runs; empty where that is not told. For any number of subscribers. */
  public Mono<S> started() {
    return started.mono();
  }

  /**
   * How it has ended; empty where the caller has detached. For any number of subscribers. Its
   * output must be taken for it to come: {@link #drain} does both.
   */
  public Mono<ExitStatus> exit() {
    return exit.mono();
  }

  /** Takes the output, drops it, and tells how the process has ended. */
  public Mono<ExitStatus> drain() {
    return output().then(exit());
  }

  private void handle(Answer<S> answer, SynchronousSink<Output> sink) {
    switch (answer) {
      case Answer.Other<S> _ -> {}
      case Answer.Started<S> one -> started.tell(one.process());
      case Answer.Wrote<S> one -> sink.next(one.output());
      case Answer.Exited<S> one -> exit.tell(one.status());
    }
  }

  private void failed(Throwable failure) {
    started.fail(failure);
    exit.fail(failure);
  }

  private void ended() {
    started.end();
    exit.end();
  }

  private void givenUp() {
    started.giveUp();
    exit.giveUp();
  }
}
