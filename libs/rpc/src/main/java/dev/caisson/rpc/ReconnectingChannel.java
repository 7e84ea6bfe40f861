package dev.caisson.rpc;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A channel that may own its event loop, and tries again after {@link #PAUSE} where gRPC's own
 * pause would grow from one second to two minutes: the other end is a process on this machine.
 */
final class ReconnectingChannel extends ManagedChannel {
  static final Duration PAUSE = Duration.ofMillis(250);

  private final ManagedChannel channel;
  private final EventLoopGroup loop;
  private final boolean owner;
  private volatile boolean abandoned;

  ReconnectingChannel(ManagedChannel channel, EventLoopGroup loop) {
    this(channel, loop, true);
  }

  private ReconnectingChannel(ManagedChannel channel, EventLoopGroup loop, boolean owner) {
    this.channel = channel;
    this.loop = loop;
    this.owner = owner;
    watch();
  }

  /** On a loop that lives on. */
  static ReconnectingChannel sharing(ManagedChannel channel, EventLoopGroup loop) {
    return new ReconnectingChannel(channel, loop, false);
  }

  private void watch() {
    ConnectivityState state = channel.getState(false);
    switch (state) {
      case SHUTDOWN -> {}
      case TRANSIENT_FAILURE -> {
        channel.resetConnectBackoff();
        var _ = loop.schedule(this::watch, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
      }
      case IDLE, CONNECTING, READY -> channel.notifyWhenStateChanged(state, this::watch);
    }
  }

  @Override
  public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
    return channel.newCall(method, options);
  }

  @Override
  public String authority() {
    return channel.authority();
  }

  @Override
  public ManagedChannel shutdown() {
    channel.shutdown();
    return this;
  }

  @Override
  public ManagedChannel shutdownNow() {
    abandoned = true;
    channel.shutdownNow();
    return this;
  }

  @Override
  public boolean isShutdown() {
    return channel.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return channel.isTerminated();
  }

  /**
   * Ends the loop, too. After {@link #shutdownNow} in any case: who is interrupted, or waits no
   * longer, does not come back for it.
   */
  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    boolean ended = false;
    try {
      ended = channel.awaitTermination(timeout, unit);
    } finally {
      if (owner && (ended || abandoned)) {
        var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
      }
    }
    return ended;
  }

  @Override
  public ConnectivityState getState(boolean requestConnection) {
    return channel.getState(requestConnection);
  }

  @Override
  public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
    channel.notifyWhenStateChanged(source, callback);
  }

  @Override
  public void resetConnectBackoff() {
    channel.resetConnectBackoff();
  }

  @Override
  public void enterIdle() {
    channel.enterIdle();
  }
}
