package dev.caisson.gateway.http;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A message as a response's body. */
final class OneAnswer implements Answer {
  private final Channel channel;
  private @Nullable String body;
  private Metadata headers = new Metadata();

  OneAnswer(Channel channel) {
    this.channel = channel;
  }

  @Override
  public void headers(Metadata more) {
    headers = more;
  }

  @Override
  public void message(Message message, String json) {
    body = json;
  }

  @Override
  public ChannelFuture end(Optional<StatusRuntimeException> failure, Metadata trailers) {
    String answer = body;
    FullHttpResponse response =
        failure.isPresent() || answer == null
            ? Responses.of(channel, failure.orElseGet(io.grpc.Status.INTERNAL::asRuntimeException))
            : Responses.of(channel, HttpResponseStatus.OK, Responses.JSON, answer + "\n");
    Responses.tell(response.headers(), headers);
    Responses.tell(response.headers(), trailers);
    return channel.writeAndFlush(response);
  }

  @Override
  public void stillThere() {
    // there is no way to say so before a response begins
  }
}
