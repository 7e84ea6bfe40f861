package dev.caisson.gateway.http;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Messages both ways as texts of a WebSocket: RFC 6455. */
final class Conversation implements Answer {
  private static final long FAREWELL_SECONDS = 10;

  private final Channel channel;

  Conversation(Channel channel) {
    this.channel = channel;
  }

  @Override
  public void headers(Metadata headers) {
    // a WebSocket's have been sent
  }

  @Override
  public void message(Message message, String json) {
    var _ = channel.writeAndFlush(new TextWebSocketFrame(json));
  }

  /** A failure is a last text, and the code's name the reason of the close. */
  @Override
  public ChannelFuture end(Optional<StatusRuntimeException> failure, Metadata trailers) {
    if (failure.isPresent()) {
      var _ = channel.write(new TextWebSocketFrame(JsonText.of(failure.get())));
    }
    WebSocketCloseStatus status =
        failure.isEmpty()
            ? WebSocketCloseStatus.NORMAL_CLOSURE
            : new WebSocketCloseStatus(
                WebSocketCloseStatus.POLICY_VIOLATION.code(),
                failure.get().getStatus().getCode().name());
    ChannelFuture written = channel.writeAndFlush(new CloseWebSocketFrame(status));
    // What the caller still sends is read and dropped: closed with it unread, the end would not
    // reach him.
    channel.config().setAutoRead(true);
    var _ = channel.eventLoop().schedule(this::close, FAREWELL_SECONDS, TimeUnit.SECONDS);
    return written;
  }

  private void close() {
    var _ = channel.close();
  }

  @Override
  public void stillThere() {
    var _ = channel.writeAndFlush(new PingWebSocketFrame());
  }
}
