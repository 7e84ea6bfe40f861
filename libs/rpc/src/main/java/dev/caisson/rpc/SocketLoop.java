package dev.caisson.rpc;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * One thread that reads and writes sockets, for a server and the channels behind it: what the
 * server passes on then changes no thread. Nothing that is called on it may block. Thread-safe. Who
 * makes it closes it, after those that use it.
 */
public final class SocketLoop implements AutoCloseable {
  private final EventLoopGroup group;

  public SocketLoop(String name) {
    this.group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory(name, true), NioIoHandler.newFactory());
  }

  /** For servers and channels. */
  public EventLoopGroup group() {
    return group;
  }

  @Override
  public void close() {
    var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
