package dev.caisson.gateway.http;

import com.google.protobuf.Message;
import dev.caisson.rpc.ServedCalls;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A call that has come over HTTP. Its listener is called on the connection's thread alone; what the
 * service does may come from any.
 */
final class BridgedCall extends ServerCall<Message, Message> {
  /** Of messages that wait, in either direction: then no more is read, or asked for. */
  private static final int MAX_WAITING = 16;

  private final Channel channel;
  private final MethodDescriptor<Message, Message> method;
  private final Attributes attributes;
  private final Answer answer;
  private final Context.CancellableContext context = Context.ROOT.withCancellation();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicInteger queued = new AtomicInteger();
  private final Runnable over;

  // On the connection's thread alone:
  private final Deque<Message> input = new ArrayDeque<>();
  private @Nullable Listener<Message> listener;
  private int asked;
  private boolean inputEnded;
  private boolean halfClosed;
  private boolean ended;
  private volatile boolean cancelled;

  /**
   * On that connection.
   *
   * @param over runs on the connection's thread when the call is over
   */
  BridgedCall(
      Channel channel, MethodDescriptor<Message, Message> method, Answer answer, Runnable over) {
    this.channel = channel;
    this.method = method;
    this.attributes = ServedCalls.caller(channel);
    this.answer = answer;
    this.over = over;
  }

  /** Begins, with the messages that are there. */
  void start(ServedCalls calls, Metadata headers) {
    context.run(() -> listener = calls.start(method.getFullMethodName(), this, headers));
    deliver();
    ready();
  }

  /** A message of the caller's. */
  void add(Message message) {
    input.add(message);
    channel.config().setAutoRead(input.size() < MAX_WAITING);
    deliver();
  }

  /** The caller has said everything. */
  void endInput() {
    inputEnded = true;
    deliver();
  }

  private void deliver() {
    Listener<Message> to = listener;
    if (to == null || ended || closed.get()) {
      return;
    }
    while (asked > 0 && !input.isEmpty() && !closed.get()) {
      asked--;
      Message next = input.remove();
      context.run(() -> to.onMessage(next));
    }
    if (!inputEnded) {
      channel.config().setAutoRead(input.size() < MAX_WAITING);
    }
    if (inputEnded && input.isEmpty() && !halfClosed && !closed.get()) {
      halfClosed = true;
      context.run(to::onHalfClose);
    }
  }

  /** More can be written. */
  void ready() {
    Listener<Message> to = listener;
    if (to != null && !ended && isReady()) {
      context.run(to::onReady);
    }
  }

  /** The caller is gone. */
  void cancel() {
    if (!ended) {
      ended = true;
      cancelled = true;
      context.cancel(null);
      if (listener != null) {
        context.run(listener::onCancel);
      }
    }
  }

  /** Nothing was said for long. */
  void stillThere() {
    if (!closed.get()) {
      answer.stillThere();
    }
  }

  @Override
  public void request(int numMessages) {
    channel
        .eventLoop()
        .execute(() -> {
          asked = (int) Math.min(Integer.MAX_VALUE, (long) asked + numMessages);
          deliver();
        });
  }

  /** On the connection's thread, in the order in which it was said, whoever said it. */
  private void enqueue(Runnable write) {
    queued.incrementAndGet();
    channel
        .eventLoop()
        .execute(() -> {
          write.run();
          if (queued.decrementAndGet() == 0) {
            ready();
          }
        });
  }

  @Override
  public void sendHeaders(Metadata headers) {
    if (!closed.get()) {
      enqueue(() -> answer.headers(headers));
    }
  }

  @Override
  public void sendMessage(Message message) {
    if (!closed.get()) {
      String json = JsonText.of(message);
      enqueue(() -> answer.message(message, json));
    }
  }

  @Override
  public void close(Status status, Metadata trailers) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    enqueue(() -> {
      over.run(); // before the answer: the caller may go on at once
      answer
          .end(
              status.isOk() ? Optional.empty() : Optional.of(status.asRuntimeException(trailers)),
              trailers)
          .addListener(
              _ -> complete()); // what it has taken is given back when it is in nobody's memory
    });
  }

  private void complete() {
    if (!ended) {
      ended = true;
      if (listener != null) {
        context.run(listener::onComplete);
      }
      context.cancel(null);
    }
  }

  @Override
  public boolean isReady() {
    return queued.get() < MAX_WAITING && channel.isWritable();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public Attributes getAttributes() {
    return attributes;
  }

  @Override
  public MethodDescriptor<Message, Message> getMethodDescriptor() {
    return method;
  }
}
