package dev.caisson.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of the event loop. */
class ReconnectingChannelTest {
  private final SocketLoop loop = new SocketLoop("test");

  @AfterEach
  void close() {
    loop.close();
  }

  private ManagedChannel channel() {
    return NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of("/nonexistent"))
        .channelType(NioDomainSocketChannel.class)
        .eventLoopGroup(loop.group())
        .usePlaintext()
        .build();
  }

  private void abandon(ManagedChannel channel) {
    channel.shutdownNow();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> channel.awaitTermination(5, TimeUnit.SECONDS))
        .isInstanceOf(InterruptedException.class);
  }

  @Test
  void endsItsOwnEvenIfItIsNotAwaited() {
    abandon(new ReconnectingChannel(channel(), loop.group()));
    assertThat(loop.group().isShuttingDown()).isTrue();
  }

  @Test
  void leavesThatOfOthers() {
    abandon(ReconnectingChannel.sharing(channel(), loop.group()));
    assertThat(loop.group().isShuttingDown()).isFalse();
  }
}
